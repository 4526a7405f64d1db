import { sensorLabel } from "../../../schema/sensors.ts";
import { describeResolution } from "../charts/resolution-words.ts";
import type { Span } from "../charts/span.ts";
import { TraceChart } from "../charts/trace-chart.ts";
import { renderTwin } from "../device/data-twin.ts";
import { besideOf, type Latest } from "../device/latest.ts";
import { ReadingNumber } from "../device/reading-number.ts";
import { dotsOf, emptyTrace, linesOf, type Trace } from "../device/trace.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import type { Painter } from "../shell/painter.ts";
import type { Palette } from "../shell/theme.ts";

interface EmbedChartDeps {
  readonly painter: Painter;
  readonly palette: () => Palette;
  readonly latest: (sensorType: string) => Latest | undefined;
  /** Whether the range goes on until now. */
  readonly isOpen: boolean;
}

/** One sensor on a page elsewhere: its newest value, its line with every anomaly, and the same as a table. Nothing in it leads anywhere. */
export class EmbedChart {
  readonly element: HTMLElement;
  readonly #sensorType: string;
  readonly #deps: EmbedChartDeps;
  readonly #canvas = element("canvas", { role: "img" });
  readonly #number: ReadingNumber;
  readonly #level = element("span", { class: "trace-level" });
  readonly #twin = element("div", { class: "twin" });
  readonly #details = element("details", {}, [element("summary", {}, ["As a table"]), this.#twin]);
  readonly #chart: TraceChart;
  #trace: Trace = emptyTrace;
  #span: Span = { fromMs: 0, toMs: 1 };

  constructor(sensorType: string, deps: EmbedChartDeps) {
    this.#sensorType = sensorType;
    this.#deps = deps;
    this.#number = new ReadingNumber(sensorType);
    const label = sensorLabel(sensorType);
    this.element = element("section", { class: "trace", "data-sensor": sensorType, "aria-label": label }, [
      element("div", { class: "sensor-head" }, [
        element("h2", { class: "sensor-label" }, [label]),
        element("span", { class: "trace-legend" }, [this.#level]),
        element("span", { class: "stale-tag" }, ["stale"]),
        this.#number.element,
      ]),
      element("div", { class: "plot embed-plot" }, [this.#canvas]),
      this.#details,
    ]);
    this.#chart = new TraceChart(this.#canvas, {
      sensorType,
      palette: deps.palette,
      expectedAt: () => undefined,
      crosshairMs: () => undefined,
    });
    this.#details.addEventListener("toggle", () => this.draw());
  }

  show(trace: Trace, span: Span): void {
    const isNewMark = trace.marks.size > this.#trace.marks.size;
    this.#trace = trace;
    this.#span = span;
    this.#deps.painter.request(this, isNewMark);
  }

  draw(): void {
    const { stepSeconds, marks } = this.#trace;
    const dots = dotsOf(this.#trace);
    this.#chart.show({
      ...this.#span,
      ...linesOf(dots, stepSeconds),
      marks: [...marks.values()].map(({ tsUs, value, severity }) => ({ x: tsUs / 1000, y: value, severity })),
      bands: this.#trace.bands,
    });
    const { latest, isOpen } = this.#deps;
    this.#number.show(besideOf({ dots, stepSeconds }, latest(this.#sensorType), isOpen), Date.now());
    setText(this.#level, describeResolution(this.#trace));
    setAttribute(this.element, "data-dots", String(dots.length));
    setAttribute(this.element, "data-anomalies", String(marks.size));
    const name = `${sensorLabel(this.#sensorType)}: ${dots.length} points, ${describeResolution(this.#trace)}, ${marks.size} anomalies`;
    setAttribute(this.#canvas, "aria-label", name);
    if (this.#details.open) this.#twin.replaceChildren(renderTwin(this.#sensorType, this.#trace, dots));
  }

  destroy(): void {
    this.#deps.painter.forget(this);
    this.#chart.destroy();
    this.element.remove();
  }
}
