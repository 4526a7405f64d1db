import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { HistorySeries } from "../../../schema/history.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { bandAt, endsOf } from "../charts/bands.ts";
import { type Point, type Spot, toLine } from "../charts/history.ts";
import { type Box, drawPicture, savePicture } from "../charts/picture.ts";
import { describeSpan, pictureName } from "../charts/picture-words.ts";
import { startPlotPointer } from "../charts/plot-pointer.ts";
import type { Span } from "../charts/span.ts";
import { TraceChart, type TraceView } from "../charts/trace-chart.ts";
import { button, nothing, table } from "../parts/controls.ts";
import { Desk, sentenceOf } from "../parts/desk.ts";
import { element, setText } from "../shell/element.ts";
import { formatMeasure, formatMoment } from "../shell/format.ts";
import type { Shell } from "../shell/page.ts";
import { shownZone } from "../shell/zone.ts";
import { fetchAround } from "./alarm-api.ts";
import { episodePlugin } from "./episode-plugin.ts";
import { describePoints, describeSeries } from "./evidence-words.ts";
import { between, queryOfSpan, spanOfAlarm, spanOfQuery, stretched } from "./span.ts";

const rowsOfTable = 200;

/** What the sensors of an alarm said around it: a chart each, which can be zoomed by dragging and by buttons, and a table of the same. */
export class Evidence {
  readonly element = element("div", { class: "evidence" });
  readonly #shell: Shell;
  readonly #alarm: AlarmSummary;
  readonly #desk: Desk<readonly HistorySeries[]>;
  readonly #said = element("p", { class: "desk-result", role: "status" });
  #charts: { readonly chart: TraceChart; readonly series: HistorySeries }[] = [];
  #span: Span;

  constructor(alarm: AlarmSummary, query: URLSearchParams, shell: Shell) {
    this.#shell = shell;
    this.#alarm = alarm;
    this.#span = spanOfQuery(query) ?? spanOfAlarm(alarm, Date.now());
    this.#desk = new Desk({
      load: () => fetchAround(alarm, this.#span),
      show: (series) => this.#draw(series),
    });
    const peakMs = (alarm.raisedUs + alarm.lastUs) / 2000;
    const tools = element("div", { class: "desk-buttons" }, [
      button("Zoom in", () => this.#zoom(stretched(this.#span, 0.5, peakMs))),
      button("Zoom out", () => this.#zoom(stretched(this.#span, 2, peakMs))),
      button("Whole alarm", () => this.#zoom(spanOfAlarm(alarm, Date.now()))),
      button("PNG", () => void this.savePicture()),
    ]);
    this.element.append(this.#desk.element, tools, this.#said);
  }

  /** The span that an address asks for, such as after "back". */
  follow(query: URLSearchParams): void {
    this.#look(spanOfQuery(query) ?? spanOfAlarm(this.#alarm, Date.now()));
  }

  refresh(): void {
    void this.#desk.refresh();
  }

  repaint(): void {
    this.#desk.forget();
    void this.#desk.refresh();
  }

  stop(): void {
    this.#desk.stop();
    this.#destroyCharts();
  }

  /** Saves the charts as they are shown. */
  async savePicture(): Promise<void> {
    const { deviceId, id } = this.#alarm;
    const charts = this.#charts.map(({ chart, series }) => ({
      heading: sensorLabel(series.sensorType),
      note: describePoints(series),
      draw: (context: CanvasRenderingContext2D, box: Box) => chart.drawInto(context, box),
    }));
    if (charts.length === 0) return setText(this.#said, "There is no chart to save.");
    const range = describeSpan(this.#span, shownZone());
    try {
      const title = `${deviceId}, alarm ${id}`;
      await savePicture(
        drawPicture({ title, range, charts }, this.#shell.palette()),
        pictureName(title, this.#span),
      );
      setText(this.#said, "The picture is saved.");
    } catch (cause) {
      setText(this.#said, sentenceOf(cause));
    }
  }

  #zoom(span: Span): void {
    this.#shell.pushQuery(queryOfSpan(span));
    this.#look(span);
  }

  #look(span: Span): void {
    this.#span = span;
    this.#desk.forget();
    void this.#desk.refresh();
  }

  #destroyCharts(): void {
    for (const { chart } of this.#charts) chart.destroy();
    this.#charts = [];
  }

  #draw(series: readonly HistorySeries[]): readonly HTMLElement[] {
    this.#destroyCharts();
    const drawn = series.filter(({ ts, anomalies }) => ts.length + anomalies.length > 0);
    if (drawn.length === 0) return [nothing("Nothing is stored of this time.")];
    return drawn.map((one) => this.#drawOne(one));
  }

  #drawOne(series: HistorySeries): HTMLElement {
    const { sensorType } = series;
    const alarm = this.#alarm;
    const said = describeSeries(series);
    const canvas = element("canvas", { role: "img", "aria-label": said, class: "alarm-canvas" });
    const plot = element("div", { class: "alarm-plot" }, [canvas]);
    const isOwn = sensorType === alarm.sensorType;
    const span = this.#span;
    const { toMs, fromMs } = span;
    const chart = new TraceChart(canvas, {
      sensorType,
      palette: () => this.#shell.palette(),
      expectedAt: () => undefined,
      crosshairMs: () => undefined,
      backdrop: episodePlugin({
        palette: () => this.#shell.palette(),
        span: { fromMs: alarm.raisedUs / 1000, toMs: alarm.lastUs / 1000 },
        // From before bands were kept there is the one of its worst reading.
        expected: isOwn && series.expected.length === 0 ? alarm.peak.expected : null,
      }),
    });
    startPlotPointer(plot, {
      momentAt: (pixels) => chart.momentAt(pixels),
      axis: () => chart.axis(),
      onPoint: () => undefined,
      onPinch: (oneMs, otherMs) => chart.show(toView(series, { fromMs: oneMs, toMs: otherMs })),
      onMark: (marked) => chart.select(marked),
      onZoom: (oneMs, otherMs) => this.#zoom(between(oneMs, otherMs) ?? span),
      onPan: (byMs) => this.#zoom({ fromMs: Math.round(fromMs + byMs), toMs: Math.round(toMs + byMs) }),
      onBack: () => this.#zoom(spanOfAlarm(alarm, Date.now())),
    });
    this.#charts.push({ chart, series });
    chart.show(toView(series, span));
    return element(
      "figure",
      {
        "data-from": String(span.fromMs),
        "data-to": String(span.toMs),
        "data-points": String(series.ts.length),
        "data-bands": String(series.expected.length),
      },
      [
        element("figcaption", {}, [
          element("strong", {}, [sensorLabel(sensorType)]),
          ` ${describePoints(series)}`,
          ...(series.expected.length === 0 ? [] : [element("span", { class: "evidence-usual" }, ["usual"])]),
        ]),
        plot,
        tableOf(series),
      ],
    );
  }
}

function toView({ ts, mean, min, max, anomalies, expected }: HistorySeries, span: Span): TraceView {
  const line = (values: readonly number[] | undefined): readonly Spot[] =>
    values === undefined ? [] : toLine(ts.map((atUs, at): Point => [atUs, values[at] ?? Number.NaN, 0, 0]));
  return {
    ...span,
    ...{ mean: line(mean), min: line(min), max: line(max) },
    marks: anomalies.map(([atUs, y, , severity]) => ({ x: atUs / 1000, y, severity })),
    bands: expected,
  };
}

/** The same as the chart for those who do not see it. */
function tableOf({ sensorType, ts, mean, min, max, anomalies, expected }: HistorySeries): HTMLElement {
  const marks = new Map(anomalies.map(([timestampUs, , , severity]) => [timestampUs, severity]));
  const step = Math.max(1, Math.ceil(ts.length / rowsOfTable));
  const shown = ts.flatMap((timestampUs, at) => (at % step === 0 || marks.has(timestampUs) ? [at] : []));
  const usualAt = (timestampUs: number): readonly string[] => {
    const band = bandAt(expected, timestampUs);
    if (band === undefined) return ["", ""];
    const { low, high } = endsOf(sensorType, band);
    return [formatMeasure(sensorType, low), formatMeasure(sensorType, high)];
  };
  const details = element("details", {}, [element("summary", {}, ["As a table"])]);
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const rows = shown.map((at) => [
      formatMoment((ts[at] ?? 0) / 1000),
      formatMeasure(sensorType, mean[at] ?? 0),
      ...(min === undefined || max === undefined
        ? []
        : [formatMeasure(sensorType, min[at] ?? 0), formatMeasure(sensorType, max[at] ?? 0)]),
      ...usualAt(ts[at] ?? 0),
      marks.get(ts[at] ?? 0) ?? "",
    ]);
    const ends =
      min === undefined
        ? []
        : [
            { name: "Least", isNumber: true },
            { name: "Most", isNumber: true },
          ];
    const usual = [
      { name: "Usual from", isNumber: true },
      { name: "Usual to", isNumber: true },
    ];
    const columns = [
      { name: "Time" },
      { name: "Value", isNumber: true },
      ...ends,
      ...usual,
      { name: "Anomaly" },
    ];
    const every = step === 1 ? "" : `, every ${step}th point and every anomaly`;
    details.append(table(`${sensorLabel(sensorType)}${every}`, columns, rows));
  });
  return details;
}
