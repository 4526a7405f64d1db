import {
  Chart,
  type ChartArea,
  type ChartConfiguration,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip as TooltipPlugin,
} from "chart.js";
import type { Palette } from "../shell/theme.ts";
import type { Description, Tooltip } from "../shell/tooltip.ts";
import { valueBounds } from "./axis.ts";
import { cursorPlugin, expectedPlugin } from "./chart-marks.ts";
import { type Point, type Spot, toLine, toMarks } from "./history.ts";
import { KeptSets, type LabelledSet } from "./kept-sets.ts";
import { chartOptions } from "./scales.ts";
import { markSets } from "./severity-marks.ts";

Chart.register(Filler, LinearScale, LineController, LineElement, PointElement, TooltipPlugin);

type LineChart = Chart<"line", Spot[]>;

/** Behind it come the marks, a set for each severity. */
const lineAt = 0;

type Place = Readonly<Record<"x" | "y", number>>;

export interface ChartDeps {
  readonly sensorType: string;
  readonly palette: () => Palette;
  readonly tooltip: Tooltip;
  readonly describe: (timestampUs: number) => Description | undefined;
  /** Where the reading at that time was expected to be, if anybody knows. */
  readonly expectedAt: (timestampUs: number) => { readonly low: number; readonly high: number } | undefined;
}

/** One sensor's line and its anomalies on a canvas. Draws only when told to. */
export class SensorChart {
  readonly #chart: LineChart;
  readonly #deps: ChartDeps;
  readonly #sets = new KeptSets();
  #cursorUs: number | undefined;

  constructor(canvas: HTMLCanvasElement, deps: ChartDeps) {
    this.#deps = deps;
    this.#chart = new Chart(canvas, {
      ...configure(deps, () => this.#showTooltip()),
      plugins: [
        expectedPlugin({ ...deps, anomalies: (chart) => marksOf(chart.data.datasets) }),
        cursorPlugin(deps.palette, () => this.#cursorPlace()),
      ],
    });
  }

  show(points: readonly Point[]): void {
    const line = toLine(points);
    const { data, options } = this.#chart;
    const marks = markSets(toMarks(points), this.#deps.palette());
    data.datasets = this.#sets.renewed([this.#lineSet(line), ...marks]);
    const { x, y } = options.scales ?? {};
    if (x !== undefined && y !== undefined) {
      const newest = line.at(-1)?.x ?? Date.now();
      Object.assign(x, { min: Math.min(line[0]?.x ?? newest, newest - 10_000), max: newest });
      Object.assign(y, valueBounds(line, this.#deps.sensorType));
    }
    this.#chart.update("none");
    if (this.#cursorUs !== undefined) this.#showTooltip();
  }

  /** Puts the keyboard's cursor on a reading and tells what is known of it, or takes the cursor away. */
  setCursor(timestampUs: number | undefined): void {
    this.#cursorUs = timestampUs;
    if (timestampUs === undefined) this.#deps.tooltip.hide(this);
    else this.#showTooltip();
    this.#chart.draw();
  }

  destroy(): void {
    this.#deps.tooltip.hide(this);
    this.#chart.destroy();
  }

  // Colours are given as values: one function among them and Chart.js resolves the options of every point anew.
  #lineSet(data: Spot[]): LabelledSet {
    const palette = this.#deps.palette();
    return {
      label: "line",
      data,
      borderColor: palette.line,
      borderWidth: 1.5,
      borderJoinStyle: "round",
      backgroundColor: water(this.#chart, palette),
      fill: "start",
      pointRadius: 0,
      pointHoverRadius: 3,
      pointBackgroundColor: palette.line,
      pointHoverBackgroundColor: palette.line,
      spanGaps: false,
      order: 2,
    };
  }

  /** The keyboard's cursor goes before the pointer, which may just happen to lie there. */
  #showTooltip(): void {
    const { tooltip, describe } = this.#deps;
    const spot = this.#cursorUs === undefined ? this.#pointedSpot() : this.#cursorSpot();
    const said = spot === undefined ? undefined : describe(toMicroseconds(spot));
    const box = this.#chart.canvas.getBoundingClientRect();
    const isVisible = box.bottom > 0 && box.top < innerHeight;
    if (spot === undefined || said === undefined || !isVisible) {
      tooltip.hide(this);
      return;
    }
    const { x, y } = this.#place(spot);
    tooltip.show(this, { x: box.left + x, y: box.top + y }, said);
  }

  #pointedSpot(): Spot | undefined {
    const model = this.#chart.tooltip;
    if (model === undefined || model.opacity === 0) return undefined;
    const items = model.dataPoints ?? [];
    const raw = (items.find(({ datasetIndex }) => datasetIndex > lineAt) ?? items[0])?.raw;
    return isSpot(raw) ? raw : undefined;
  }

  #cursorSpot(): Spot | undefined {
    return (this.#chart.data.datasets[lineAt]?.data ?? []).find(
      (spot) => toMicroseconds(spot) === this.#cursorUs && !Number.isNaN(spot.y),
    );
  }

  #cursorPlace(): Place | undefined {
    const spot = this.#cursorUs === undefined ? undefined : this.#cursorSpot();
    return spot === undefined ? undefined : this.#place(spot);
  }

  /** Where it is on the canvas. */
  #place({ x, y }: Spot): Place {
    const { scales } = this.#chart;
    return { x: scales["x"]?.getPixelForValue(x) ?? 0, y: scales["y"]?.getPixelForValue(y) ?? 0 };
  }
}

function configure(deps: ChartDeps, showTooltip: () => void): ChartConfiguration<"line", Spot[]> {
  return {
    type: "line",
    data: { datasets: [] },
    options: {
      ...chartOptions(deps.palette),
      interaction: { mode: "nearest", axis: "x", intersect: false },
      events: ["mousemove", "mouseout", "touchstart", "touchmove"],
      // The marks at the edges are drawn whole.
      clip: false,
      layout: { padding: { top: 7, right: 8, bottom: 0, left: 0 } },
      plugins: { tooltip: { enabled: false, external: showTooltip } },
    },
  };
}

function water(chart: LineChart, palette: Palette): CanvasGradient | string {
  // Chart.js' type does not say so, but before the first layout there is no area.
  const area: ChartArea | undefined = chart.chartArea;
  if (area === undefined) return palette.fill;
  const gradient = chart.ctx.createLinearGradient(0, area.top, 0, area.bottom);
  gradient.addColorStop(0, palette.fill);
  gradient.addColorStop(1, palette.fillEnd);
  return gradient;
}

function marksOf(datasets: readonly { readonly data: readonly unknown[] }[]): readonly number[] {
  return datasets
    .slice(lineAt + 1)
    .flatMap(({ data }) => data)
    .filter(isSpot)
    .map(({ x }) => x);
}

function toMicroseconds({ x }: Spot): number {
  return Math.round(x * 1000);
}

function isSpot(raw: unknown): raw is Spot {
  return typeof raw === "object" && raw !== null && "x" in raw && "y" in raw;
}
