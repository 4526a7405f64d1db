import { sensorLabel, sensorUnit } from "../../../schema/sensors.ts";
import { describeResolution } from "../charts/resolution-words.ts";
import type { Span } from "../charts/span.ts";
import { TraceChart } from "../charts/trace-chart.ts";
import { renderTwin } from "../device/data-twin.ts";
import { dotsOf, emptyTrace, linesOf, type Trace } from "../device/trace.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatValue } from "../shell/format.ts";
import type { Painter } from "../shell/painter.ts";
import type { Palette } from "../shell/theme.ts";

interface EmbedChartDeps {
  readonly painter: Painter;
  readonly palette: () => Palette;
}

/** One sensor on a page elsewhere: its newest value, its line with every anomaly, and the same as a table. Nothing in it leads anywhere. */
export class EmbedChart {
  readonly element: HTMLElement;
  readonly #sensorType: string;
  readonly #painter: Painter;
  readonly #canvas = element("canvas", { role: "img" });
  readonly #value = element("span", { class: "sensor-value" }, ["–"]);
  readonly #level = element("span", { class: "trace-level" });
  readonly #twin = element("div", { class: "twin" });
  readonly #details = element("details", {}, [element("summary", {}, ["As a table"]), this.#twin]);
  readonly #chart: TraceChart;
  #trace: Trace = emptyTrace;
  #span: Span = { fromMs: 0, toMs: 1 };

  constructor(sensorType: string, { painter, palette }: EmbedChartDeps) {
    this.#sensorType = sensorType;
    this.#painter = painter;
    const label = sensorLabel(sensorType);
    this.element = element("section", { class: "trace", "data-sensor": sensorType, "aria-label": label }, [
      element("div", { class: "sensor-head" }, [
        element("h2", { class: "sensor-label" }, [label]),
        element("span", { class: "trace-legend" }, [this.#level]),
        element("span", { class: "stale-tag" }, ["stale"]),
        element("span", { class: "sensor-reading" }, [
          this.#value,
          element("span", { class: "sensor-unit" }, [sensorUnit(sensorType)]),
        ]),
      ]),
      element("div", { class: "plot embed-plot" }, [this.#canvas]),
      this.#details,
    ]);
    this.#chart = new TraceChart(this.#canvas, {
      sensorType,
      palette,
      expectedAt: () => undefined,
      crosshairMs: () => undefined,
    });
    this.#details.addEventListener("toggle", () => this.draw());
  }

  show(trace: Trace, span: Span): void {
    const isNewMark = trace.marks.size > this.#trace.marks.size;
    this.#trace = trace;
    this.#span = span;
    this.#painter.request(this, isNewMark);
  }

  draw(): void {
    const { stepSeconds, marks, heard } = this.#trace;
    const dots = dotsOf(this.#trace);
    this.#chart.show({
      ...this.#span,
      ...linesOf(dots, stepSeconds),
      marks: [...marks.values()].map(({ tsUs, value, severity }) => ({ x: tsUs / 1000, y: value, severity })),
      bands: this.#trace.bands,
    });
    const last = [...heard].at(-1)?.[1] ?? dots.at(-1)?.mean;
    setText(this.#value, last === undefined ? "–" : formatValue(last));
    setText(this.#level, describeResolution(this.#trace));
    setAttribute(this.element, "data-dots", String(dots.length));
    setAttribute(this.element, "data-anomalies", String(marks.size));
    const name = `${sensorLabel(this.#sensorType)}: ${dots.length} points, ${describeResolution(this.#trace)}, ${marks.size} anomalies`;
    setAttribute(this.#canvas, "aria-label", name);
    if (this.#details.open) this.#twin.replaceChildren(renderTwin(this.#sensorType, this.#trace, dots));
  }

  destroy(): void {
    this.#painter.forget(this);
    this.#chart.destroy();
    this.element.remove();
  }
}
