import { severityOf } from "../../../schema/scored.ts";
import { sensorLabel, sensorUnit } from "../../../schema/sensors.ts";
import type { AnomalyBook } from "../anomalies/anomaly-book.ts";
import type { SensorChart } from "../charts/chart.ts";
import { ChartKeys } from "../charts/chart-keys.ts";
import { medianIntervalUs, type Point } from "../charts/history.ts";
import type { SeriesBook } from "../charts/series-book.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import {
  formatAge,
  formatClock,
  formatMeasure,
  formatMoment,
  formatRange,
  formatSpan,
  formatValue,
} from "../shell/format.ts";
import type { Painter } from "../shell/painter.ts";
import type { Palette } from "../shell/theme.ts";
import type { Description, Tooltip } from "../shell/tooltip.ts";
import type { Pins } from "./pins.ts";

/** What all cards of the board share. */
export interface BoardDeps {
  readonly series: SeriesBook;
  readonly anomalies: AnomalyBook;
  readonly painter: Painter;
  readonly tooltip: Tooltip;
  readonly palette: () => Palette;
  readonly pins: Pins;
  /** What draws a chart, once it is loaded. */
  readonly charts: () => typeof SensorChart | undefined;
  /** Says something to screen readers at once. */
  readonly speak: (text: string) => void;
}

const highlightMs = 2600;

/** One sensor of a device: its last value, when it came, and its chart while that is near the window. */
export class SensorBlock {
  readonly element: HTMLElement;
  readonly #deps: BoardDeps;
  readonly #deviceId: string;
  readonly #sensorType: string;
  readonly #value = element("span", { class: "sensor-value" }, ["–"]);
  readonly #age = element("time", { class: "sensor-age" });
  // An application, because the keys of a chart are its own and not those of a screen reader.
  readonly #plot = element("div", { class: "plot", role: "application", "aria-roledescription": "chart" });
  readonly #keys: ChartKeys;
  #isNear = false;
  #canvas: HTMLCanvasElement | undefined;
  #chart: SensorChart | undefined;
  #highlightTimer: number | undefined;
  #pointTimer: number | undefined;

  constructor(deps: BoardDeps, deviceId: string, sensorType: string) {
    this.#deps = deps;
    this.#deviceId = deviceId;
    this.#sensorType = sensorType;
    const label = sensorLabel(sensorType);
    const attributes = {
      class: "sensor",
      "data-sensor": sensorType,
      role: "group",
      "aria-label": label,
    };
    this.element = element("div", attributes, [
      element("div", { class: "sensor-head" }, [
        element("h3", { class: "sensor-label" }, [label]),
        this.#age,
        element("span", { class: "stale-tag" }, ["stale"]),
        element("span", { class: "sensor-reading" }, [
          element("span", { class: "sensor-mark severity-mark", "aria-hidden": "true" }),
          this.#value,
          element("span", { class: "sensor-unit" }, [sensorUnit(sensorType)]),
        ]),
      ]),
      this.#plot,
    ]);
    this.#keys = new ChartKeys(this.#plot, {
      points: () => this.#points(),
      onMove: (timestampUs) => this.#chart?.setCursor(timestampUs),
      speak: deps.speak,
      describe: (point) => this.#spokenReading(point),
    });
    this.#describeState(this.#points());
  }

  /** Has a chart while near the window, and gives its memory back when it is far. */
  setNear(isNear: boolean): void {
    if (isNear === this.#isNear) return;
    this.#isNear = isNear;
    if (isNear) {
      this.#deps.painter.request(this, true);
    } else {
      this.#deps.painter.forget(this);
      this.#chart?.destroy();
      this.#chart = undefined;
      this.#canvas = undefined;
      this.#plot.replaceChildren();
    }
  }

  draw(): void {
    const points = this.#points();
    const chart = this.#chart;
    if (chart === undefined && this.#isNear && points.length > 0) this.#openChart();
    this.#describeState(points);
    chart?.show(points);
  }

  /** Brings the relative times up to date. */
  tick(nowMs: number): void {
    const points = this.#points();
    const last = points.at(-1);
    if (last === undefined) return;
    const ageMs = nowMs - last[0] / 1000;
    const allowedMs = Math.max(10_000, ((medianIntervalUs(points) ?? 0) * 5) / 1000);
    const isLate = ageMs > allowedMs;
    setText(this.#age, isLate ? `silent for ${formatSpan(ageMs)}` : formatAge(ageMs));
    this.#age.classList.toggle("is-late", isLate);
  }

  /** Brings the block into view, marks it for a moment and opens what is known of this reading. */
  reveal(timestampUs: number): void {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.element.scrollIntoView({ block: "center", behavior: isCalm ? "auto" : "smooth" });
    this.#plot.focus({ preventScroll: true });
    this.setNear(true);
    this.draw();
    this.element.classList.add("is-highlighted");
    clearTimeout(this.#highlightTimer);
    this.#highlightTimer = window.setTimeout(() => {
      this.element.classList.remove("is-highlighted");
    }, highlightMs);
    // Scrolling closes the tooltip, and a smooth scroll has only begun.
    clearTimeout(this.#pointTimer);
    this.#pointTimer = window.setTimeout(() => this.#keys.goTo(timestampUs), isCalm ? 50 : 700);
  }

  destroy(): void {
    this.setNear(false);
    clearTimeout(this.#highlightTimer);
    clearTimeout(this.#pointTimer);
    this.element.remove();
  }

  #points(): readonly Point[] {
    return this.#deps.series.points(this.#deviceId, this.#sensorType);
  }

  /** Shows nothing yet: on a phone, to make a chart takes a frame of its own. */
  #openChart(): void {
    const Sensor = this.#deps.charts();
    if (Sensor === undefined) return;
    this.#deps.painter.request(this, true);
    const canvas = element("canvas", { role: "img" });
    this.#plot.replaceChildren(canvas);
    this.#canvas = canvas;
    this.#chart = new Sensor(canvas, {
      sensorType: this.#sensorType,
      palette: this.#deps.palette,
      tooltip: this.#deps.tooltip,
      describe: (timestampUs) => this.#describeReading(timestampUs),
      expectedAt: (timestampUs) =>
        this.#deps.anomalies.find(this.#deviceId, this.#sensorType, timestampUs)?.expected ?? undefined,
    });
  }

  #describeState(points: readonly Point[]): void {
    const anomalies = points.filter((point) => point[3] === 1).length;
    const last = points.at(-1);
    setAttribute(this.element, "data-points", String(points.length));
    setAttribute(this.element, "data-anomalies", String(anomalies));
    const name = this.#chartName(points, anomalies);
    setAttribute(this.#plot, "aria-label", name);
    if (this.#canvas !== undefined) setAttribute(this.#canvas, "aria-label", name);
    if (last === undefined) return;
    const [timestampUs, value, score, isAnomaly] = last;
    setAttribute(this.element, "data-last-value", String(value));
    setText(this.#value, formatValue(value));
    this.#age.dateTime = new Date(timestampUs / 1000).toISOString();
    this.#age.title = formatMoment(timestampUs / 1000);
    this.element.classList.toggle("is-anomalous", isAnomaly === 1);
    setAttribute(this.element, "data-severity", severityOf(score));
    this.tick(Date.now());
  }

  #chartName(points: readonly Point[], anomalies: number): string {
    const name = `${sensorLabel(this.#sensorType)} of ${this.#deviceId}`;
    const last = points.at(-1);
    if (last === undefined) return `${name}: no readings yet`;
    const found = anomalies === 1 ? "1 anomaly" : `${anomalies} anomalies`;
    return `${name}: last value ${formatMeasure(this.#sensorType, last[1])}, ${found} among ${points.length} readings`;
  }

  #describeReading(timestampUs: number): Description | undefined {
    const point = this.#points().find((candidate) => candidate[0] === timestampUs);
    if (point === undefined) return undefined;
    const [, value, score, flag] = point;
    const known = this.#deps.anomalies.find(this.#deviceId, this.#sensorType, timestampUs);
    const isAnomaly = flag === 1;
    const plain = isAnomaly ? `Unusual for this sensor (score ${score.toFixed(2)}).` : "";
    return {
      title: formatMoment(timestampUs / 1000),
      value: formatMeasure(this.#sensorType, value),
      sentence: isAnomaly && known !== undefined && known.sentence !== "" ? known.sentence : plain,
      expected: isAnomaly && known?.expected ? formatRange(this.#sensorType, known.expected) : "",
      isAnomaly,
      severity: severityOf(score),
    };
  }

  #spokenReading([timestampUs]: Point): string {
    const said = this.#describeReading(timestampUs);
    const plain = `${formatClock(timestampUs / 1000)}, ${said?.value ?? ""}`;
    return said?.isAnomaly ? `${plain}, anomaly: ${said.sentence}` : plain;
  }
}
