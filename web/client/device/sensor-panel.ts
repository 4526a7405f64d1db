import { severityOf } from "../../../schema/scored.ts";
import { sensorLabel, sensorUnit } from "../../../schema/sensors.ts";
import { bandAt, bandsSince, describeBand, describeStanding } from "../charts/bands.ts";
import { ChartKeys } from "../charts/chart-keys.ts";
import type { Crosshair } from "../charts/crosshair.ts";
import type { Point } from "../charts/history.ts";
import type { PicturedChart } from "../charts/picture.ts";
import { describeContent } from "../charts/picture-words.ts";
import { startPlotPointer } from "../charts/plot-pointer.ts";
import { describeResolution } from "../charts/resolution-words.ts";
import type { Span } from "../charts/span.ts";
import { TraceChart } from "../charts/trace-chart.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatClock, formatMeasure, formatMoment, formatRange } from "../shell/format.ts";
import type { Shell } from "../shell/page.ts";
import type { Description } from "../shell/tooltip.ts";
import { renderTwin } from "./data-twin.ts";
import type { Beside } from "./latest.ts";
import { ReadingNumber } from "./reading-number.ts";
import { type Dot, dotsOf, emptyTrace, linesOf, type Trace, toPoints } from "./trace.ts";

export interface PanelDeps {
  readonly shell: Shell;
  readonly crosshair: Crosshair;
  readonly expectedAt: (sensorType: string, tsUs: number) => { low: number; high: number } | undefined;
  readonly sentenceAt: (sensorType: string, tsUs: number) => string | undefined;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onPan: (byMs: number) => void;
  readonly onBack: () => void;
  readonly onPinch: (fromMs: number, toMs: number) => void;
  /** Whether somebody looks closely at one of the charts. */
  readonly onHover: (isOver: boolean) => void;
  /** Which reading stands as a number beside what is drawn. */
  readonly besideOf: (
    sensorType: string,
    drawn: { readonly dots: readonly Dot[]; readonly stepSeconds: number | null },
  ) => Beside | undefined;
}

/** One sensor of the device: its chart, what it shows where the crosshair is, and the same as a table. */
export class SensorPanel {
  readonly element: HTMLElement;
  readonly #sensorType: string;
  readonly #deps: PanelDeps;
  readonly #plot = element("div", {
    class: "plot trace-plot",
    role: "application",
    "aria-roledescription": "chart",
  });
  readonly #canvas = element("canvas", { role: "img" });
  readonly #at = element("span", { class: "trace-at" });
  readonly #number: ReadingNumber;
  readonly #level = element("span", { class: "trace-level" });
  readonly #usual = element("span", { class: "trace-usual", hidden: "" }, ["usual"]);
  readonly #twin = element("div", { class: "twin", hidden: "" });
  readonly #chart: TraceChart;
  readonly #keys: ChartKeys;
  readonly #deafen: () => void;
  readonly #crosshairDrawing = { draw: (): void => this.#drawCrosshair() };
  #trace: Trace = emptyTrace;
  #span: Span = { fromMs: 0, toMs: 1 };
  #dots: readonly Dot[] = [];
  #isPointed = false;

  constructor(sensorType: string, deps: PanelDeps) {
    this.#sensorType = sensorType;
    this.#deps = deps;
    this.#number = new ReadingNumber(sensorType);
    const { shell, crosshair } = deps;
    const label = sensorLabel(sensorType);
    // Until it is drawn for the first time.
    for (const named of [this.#plot, this.#canvas]) named.setAttribute("aria-label", label);
    this.#plot.append(this.#canvas);
    this.element = element("section", { class: "trace", "data-sensor": sensorType, "aria-label": label }, [
      element("div", { class: "sensor-head" }, [
        element("h2", { class: "sensor-label" }, [label]),
        element("span", { class: "trace-legend" }, [this.#level, this.#usual]),
        element("span", { class: "stale-tag" }, ["stale"]),
        this.#at,
        this.#number.element,
      ]),
      this.#plot,
      this.#twin,
    ]);
    this.#chart = new TraceChart(this.#canvas, {
      sensorType,
      palette: () => shell.palette(),
      expectedAt: (tsUs) => deps.expectedAt(sensorType, tsUs),
      crosshairMs: () => crosshair.atMs,
    });
    this.#keys = new ChartKeys(this.#plot, {
      points: () => toPoints(this.#dots, this.#trace.marks),
      onMove: (tsUs) => this.#point(tsUs === undefined ? undefined : tsUs / 1000),
      speak: (text) => shell.speak(text),
      describe: (point) => this.#spoken(point),
    });
    startPlotPointer(this.#plot, {
      ...deps,
      momentAt: (pixels) => this.#chart.momentAt(pixels),
      axis: () => this.#chart.axis(),
      onPoint: (atMs) => this.#point(atMs),
      onMark: (span) => this.#chart.select(span),
    });
    this.#plot.addEventListener(
      "pointerenter",
      ({ pointerType }) => pointerType === "mouse" && deps.onHover(true),
    );
    this.#plot.addEventListener("pointerleave", () => deps.onHover(false));
    this.#deafen = crosshair.listen(() => shell.painter.request(this.#crosshairDrawing, true));
  }

  /** `isUrgent`: a finger waits for it. */
  show(trace: Trace, span: Span, isUrgent: boolean): void {
    const isNewMark = trace.marks.size > this.#trace.marks.size;
    this.#trace = trace;
    this.#span = span;
    // An anomaly does not wait for the next picture.
    this.#deps.shell.painter.request(this, isNewMark || isUrgent);
  }

  draw(): void {
    const { stepSeconds, marks } = this.#trace;
    const bands = bandsSince(this.#trace.bands, this.#span.fromMs * 1000);
    this.#dots = dotsOf(this.#trace);
    this.#chart.show({
      ...this.#span,
      ...linesOf(this.#dots, stepSeconds),
      marks: [...marks.values()].map(({ tsUs, value, severity }) => ({ x: tsUs / 1000, y: value, severity })),
      bands,
    });
    setText(this.#level, describeResolution(this.#trace));
    setAttribute(this.element, "data-from", String(this.#span.fromMs));
    setAttribute(this.element, "data-level", this.#trace.level);
    setAttribute(this.element, "data-dots", String(this.#dots.length));
    setAttribute(this.element, "data-anomalies", String(marks.size));
    setAttribute(this.element, "data-bands", String(bands.length));
    this.#usual.hidden = bands.length === 0;
    this.tick(Date.now());
    const name = `${sensorLabel(this.#sensorType)}: ${this.#dots.length} points, ${describeResolution(this.#trace)}, ${marks.size} anomalies`;
    setAttribute(this.#plot, "aria-label", name);
    setAttribute(this.#canvas, "aria-label", name);
    this.#drawTwin();
  }

  /** Shows what was measured last, and when. */
  tick(nowMs: number): void {
    const { stepSeconds } = this.#trace;
    this.#number.show(this.#deps.besideOf(this.#sensorType, { dots: this.#dots, stepSeconds }), nowMs);
  }

  #drawTwin(): void {
    // Whoever reads it by keyboard would be thrown out of it.
    if (this.#twin.hidden || this.#twin.contains(document.activeElement)) return;
    this.#twin.replaceChildren(renderTwin(this.#sensorType, this.#trace, this.#dots));
  }

  pictured(): PicturedChart {
    const unit = sensorUnit(this.#sensorType);
    return {
      heading: `${sensorLabel(this.#sensorType)}${unit === "" ? "" : ` in ${unit}`}`,
      note: describeContent(describeResolution(this.#trace), this.#trace.marks.size),
      draw: (context, box) => this.#chart.drawInto(context, box),
    };
  }

  /** The same as a table, for whoever cannot see the chart or wants the numbers. */
  setTwin(isShown: boolean): void {
    if (!isShown && this.#twin.contains(document.activeElement)) this.#plot.focus();
    this.#twin.hidden = !isShown;
    this.draw();
  }

  /** Puts the keyboard's cursor on a reading and brings the chart into view. */
  goTo(tsUs: number): void {
    this.element.scrollIntoView({ block: "center" });
    this.#plot.focus({ preventScroll: true });
    this.#keys.goTo(tsUs);
  }

  destroy(): void {
    this.#deafen();
    const { painter, tooltip } = this.#deps.shell;
    painter.forget(this);
    painter.forget(this.#crosshairDrawing);
    tooltip.hide(this);
    this.#chart.destroy();
    this.element.remove();
  }

  #point(atMs: number | undefined): void {
    this.#isPointed = atMs !== undefined;
    if (atMs === undefined) this.#deps.shell.tooltip.hide(this);
    this.#deps.crosshair.move(atMs);
  }

  #drawCrosshair(): void {
    this.#chart.redraw();
    const point = this.#pointAt(this.#deps.crosshair.atMs);
    setText(
      this.#at,
      point === undefined
        ? ""
        : `${formatClock(point[0] / 1000)} · ${formatMeasure(this.#sensorType, point[1])}`,
    );
    if (!this.#isPointed || point === undefined) return;
    const box = this.#canvas.getBoundingClientRect();
    const { x, y } = this.#chart.placeOf({ x: point[0] / 1000, y: point[1] });
    this.#deps.shell.tooltip.show(this, { x: box.left + x, y: box.top + y }, this.#describe(point));
  }

  /** What lies nearest to a moment; an anomaly before anything else within a few pixels. */
  #pointAt(atMs: number | undefined): Point | undefined {
    if (atMs === undefined) return undefined;
    const nearMs = ((this.#span.toMs - this.#span.fromMs) * 6) / Math.max(1, this.#plot.clientWidth);
    const points = toPoints(this.#dots, this.#trace.marks);
    const anomaly = points.find((point) => point[3] === 1 && Math.abs(point[0] / 1000 - atMs) <= nearMs);
    if (anomaly !== undefined) return anomaly;
    let nearest: Point | undefined;
    for (const point of points) {
      const isNearer =
        nearest === undefined || Math.abs(point[0] / 1000 - atMs) < Math.abs(nearest[0] / 1000 - atMs);
      if (isNearer) nearest = point;
    }
    return nearest;
  }

  #describe([tsUs, value, score, flag]: Point): Description {
    const isAnomaly = flag === 1;
    const dot = isAnomaly ? undefined : this.#dots.find((candidate) => candidate.tsUs === tsUs);
    const band = bandAt(this.#trace.bands, tsUs);
    const told = isAnomaly ? this.#deps.expectedAt(this.#sensorType, tsUs) : undefined;
    const usual = band === undefined ? "" : describeBand(this.#sensorType, band);
    const ofMany =
      dot !== undefined && this.#trace.stepSeconds !== null
        ? `${formatRange(this.#sensorType, { low: dot.min, high: dot.max })}, ${dot.n} readings`
        : "";
    const known = this.#deps.sentenceAt(this.#sensorType, tsUs) ?? "Unusual for this sensor.";
    return {
      title: formatMoment(tsUs / 1000),
      value: formatMeasure(this.#sensorType, value),
      sentence: isAnomaly ? known : ofMany,
      expected: told === undefined ? usual : formatRange(this.#sensorType, told),
      isAnomaly,
      ...(isAnomaly ? { severity: severityOf(score) } : {}),
    };
  }

  #spoken(point: Point): string {
    const { value, sentence } = this.#describe(point);
    const plain = `${formatClock(point[0] / 1000)}, ${value}`;
    if (point[3] === 1) return `${plain}, anomaly: ${sentence}`;
    const [tsUs, mean] = point;
    const dot = this.#dots.find((candidate) => candidate.tsUs === tsUs);
    const reach = { low: dot?.min ?? mean, high: dot?.max ?? mean };
    const standing = describeStanding(this.#sensorType, reach, bandAt(this.#trace.bands, tsUs));
    return standing === "" ? plain : `${plain}, ${standing}`;
  }
}
