import { Chart, Filler, LinearScale, LineController, LineElement, type Plugin, PointElement } from "chart.js";
import type { Palette } from "../shell/theme.ts";
import { valueBounds } from "./axis.ts";
import { asDrawn, type Band, roomFor } from "./bands.ts";
import { expectedPlugin, usualPlugin } from "./chart-marks.ts";
import type { Spot } from "./history.ts";
import { KeptSets, type LabelledSet } from "./kept-sets.ts";
import { type Box, picturePixels } from "./picture.ts";
import { chartOptions } from "./scales.ts";
import { type Mark, markSets } from "./severity-marks.ts";
import type { Span } from "./span.ts";
import { crosshairPlugin, ribbonPlugin, selectionPlugin } from "./trace-marks.ts";

Chart.register(Filler, LinearScale, LineController, LineElement, PointElement);

/** What is to be seen: times in milliseconds, no line with more than a few thousand spots. */
export interface TraceView extends Span {
  readonly mean: readonly Spot[];
  /** Empty where each spot is one reading. */
  readonly min: readonly Spot[];
  readonly max: readonly Spot[];
  /** Every anomaly; these are never thinned out. */
  readonly marks: readonly Mark[];
  /** What was usual, from the one in force at the beginning on. */
  readonly bands: readonly Band[];
}

interface TraceChartDeps {
  readonly sensorType: string;
  readonly palette: () => Palette;
  readonly expectedAt: (timestampUs: number) => { readonly low: number; readonly high: number } | undefined;
  /** Where all charts of the page have their line. */
  readonly crosshairMs: () => number | undefined;
  /** What lies behind the line. */
  readonly backdrop?: Plugin<"line">;
  /** It is as large as its canvas and is drawn once, with so many pixels for each; otherwise it fills its place and follows it. */
  readonly fixedPixels?: number;
}

/** One sensor over a range: its line, the envelope of what the line stands for, and its anomalies. Draws only when told to. */
export class TraceChart {
  readonly #chart: Chart<"line", Spot[]>;
  readonly #deps: TraceChartDeps;
  readonly #sets = new KeptSets();
  #view: TraceView = { fromMs: 0, toMs: 1, mean: [], min: [], max: [], marks: [], bands: [] };
  #selection: readonly [number, number] | undefined;

  constructor(canvas: HTMLCanvasElement, deps: TraceChartDeps) {
    this.#deps = deps;
    const { palette } = deps;
    const anomalies = (): readonly number[] => this.#view.marks.map(({ x }) => x);
    this.#chart = new Chart(canvas, {
      type: "line",
      data: { datasets: [] },
      options: {
        ...chartOptions(palette),
        ...(deps.fixedPixels === undefined ? {} : { responsive: false, devicePixelRatio: deps.fixedPixels }),
        events: [],
        // A mark at the edge is drawn whole.
        clip: { left: 0, top: 8, right: 8, bottom: 8 },
        layout: { padding: { top: 14, right: 8, bottom: 0, left: 0 } },
      },
      plugins: [
        ...(deps.backdrop === undefined ? [] : [deps.backdrop]),
        usualPlugin(palette, () => ({
          courses: asDrawn(deps.sensorType, this.#view.bands),
          untilMs: this.#view.mean.at(-1)?.x ?? this.#view.fromMs,
        })),
        expectedPlugin({ palette, expectedAt: deps.expectedAt, anomalies }),
        ribbonPlugin(palette, anomalies),
        crosshairPlugin(palette, deps.crosshairMs),
        selectionPlugin(palette, () => this.#selection),
      ],
    });
  }

  show(view: TraceView): void {
    this.#view = view;
    const { data, options } = this.#chart;
    const marks = markSets(view.marks, this.#deps.palette());
    data.datasets = this.#sets.renewed([...marks, this.#lineSet(), ...this.#envelopeSets()]);
    const { x, y } = options.scales ?? {};
    if (x !== undefined && y !== undefined) {
      Object.assign(x, { min: view.fromMs, max: view.toMs });
      const all = [...view.mean, ...view.min, ...view.max, ...view.marks];
      const { sensorType } = this.#deps;
      const room = roomFor({ ...view, sensorType, line: all });
      Object.assign(y, valueBounds([...all, ...room], sensorType));
    }
    this.#chart.update("none");
  }

  /** Draws what is shown once more, with the crosshair where it is now. */
  redraw(): void {
    this.#chart.draw();
  }

  select(span: readonly [number, number] | undefined): void {
    this.#selection = span;
    this.#chart.draw();
  }

  /** The moment at this many pixels from the left of the canvas, inside the chart. */
  momentAt(pixels: number): number {
    const { chartArea, scales } = this.#chart;
    const inside = Math.min(Math.max(pixels, chartArea.left), chartArea.right);
    return scales["x"]?.getValueForPixel(inside) ?? this.#view.toMs;
  }

  /** Where the time axis begins and ends, in pixels from the left of the canvas. */
  axis(): readonly [left: number, right: number] {
    const { left, right } = this.#chart.chartArea;
    return [left, right];
  }

  /** Where a spot is, in pixels from the canvas' corner. */
  placeOf({ x, y }: Spot): { readonly x: number; readonly y: number } {
    const { scales } = this.#chart;
    return { x: scales["x"]?.getPixelForValue(x) ?? 0, y: scales["y"]?.getPixelForValue(y) ?? 0 };
  }

  /** Draws what is shown into a picture, as large as it is to be there and without the pointer's marks. */
  drawInto(context: CanvasRenderingContext2D, { x, y, width, height }: Box): void {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const pictured = new TraceChart(canvas, {
      ...this.#deps,
      crosshairMs: () => undefined,
      fixedPixels: picturePixels,
    });
    pictured.show(this.#view);
    context.drawImage(canvas, x, y, width, height);
    pictured.destroy();
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #lineSet(): LabelledSet {
    const { line } = this.#deps.palette();
    const { mean } = this.#view;
    // A lone spot has no line that could be seen.
    const pointRadius = mean.length < 60 ? 1.5 : 0;
    return {
      ...{
        label: "mean",
        data: [...mean],
        borderColor: line,
        borderWidth: 1.5,
        borderJoinStyle: "round",
        fill: false,
      },
      ...{ pointRadius, pointBackgroundColor: line, pointBorderWidth: 0, spanGaps: false, order: 2 },
    };
  }

  #envelopeSets(): LabelledSet[] {
    const { min, max } = this.#view;
    const backgroundColor = this.#deps.palette().fill;
    const plain = { borderWidth: 0, pointRadius: 0, spanGaps: false, order: 3 } as const;
    if (min.length === 0) return [];
    return [
      { ...plain, label: "max", data: [...max], fill: "+1", backgroundColor },
      { ...plain, label: "min", data: [...min], fill: false },
    ];
  }
}
