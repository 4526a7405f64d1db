import type { AlarmSummary } from "../../../schema/alarm.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import type { KnownEpisode } from "../anomalies/anomaly-book.ts";
import { element } from "../shell/element.ts";
import { formatMeasure, formatMoment } from "../shell/format.ts";

const rowLimit = 60;

interface LogDeps {
  /** Brings a reading into view. */
  readonly onReveal: (sensorType: string, tsUs: number) => void;
}

interface Entry {
  readonly atUs: number;
  readonly element: HTMLElement;
}

/** What happened on the device: anomalies that hang together in one row, and alarms; the newest on top. */
export function renderLog(
  episodes: readonly KnownEpisode[],
  alarms: readonly AlarmSummary[],
  { onReveal }: LogDeps,
): HTMLElement {
  const entries: readonly Entry[] = [
    ...episodes.map((episode) => toEntry(episode, onReveal)),
    ...alarms.map(alarmEntry),
  ];
  const shown = entries.toSorted((a, b) => b.atUs - a.atUs).slice(0, rowLimit);
  if (shown.length === 0)
    return element("p", { class: "side-nothing" }, ["Nothing out of the ordinary so far."]);
  return element(
    "ol",
    { class: "log" },
    shown.map((entry) => entry.element),
  );
}

function toEntry(
  { sensorType, first, last, worst, readings }: KnownEpisode,
  onReveal: LogDeps["onReveal"],
): Entry {
  const count = readings.length > 1 ? ` ×${readings.length}` : "";
  const button = element("button", { type: "button", class: "log-row", "data-severity": worst.severity }, [
    element("span", { class: "severity-mark", "aria-hidden": "true" }),
    element("span", {}, [`${sensorLabel(sensorType)} ${formatMeasure(sensorType, worst.value)}${count}`]),
    moment(last.timestampUs),
    element("span", { class: "log-text" }, [worst.sentence || "Unusual for this sensor."]),
  ]);
  button.addEventListener("click", () => onReveal(sensorType, worst.timestampUs));
  return { atUs: first.timestampUs, element: element("li", {}, [button]) };
}

function alarmEntry({ id, rule, sensorType, state, severity, raisedUs, peak }: AlarmSummary): Entry {
  const about = sensorType === "" ? "Device" : sensorLabel(sensorType);
  const link = element("a", { class: "log-row", href: `/alarms/${id}`, "data-severity": severity }, [
    element("span", { class: "severity-word", "aria-hidden": "true" }, ["■"]),
    element("span", {}, [`Alarm ${id}: ${about}, ${severity}, ${state}`]),
    moment(raisedUs),
    element("span", { class: "log-text" }, [peak.sentence || rule]),
  ]);
  return { atUs: raisedUs, element: element("li", {}, [link]) };
}

function moment(atUs: number): HTMLElement {
  const iso = new Date(atUs / 1000).toISOString();
  return element("time", { class: "log-time", datetime: iso }, [formatMoment(atUs / 1000)]);
}
