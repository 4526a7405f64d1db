import type { AlarmRecord, AlarmSummary } from "../../../schema/alarm.ts";
import { nothing } from "../parts/controls.ts";
import { element } from "../shell/element.ts";
import { formatMeasure, formatMoment, formatSpan } from "../shell/format.ts";
import { describeJudgement, describeRecord, subjectOf } from "./alarm-words.ts";

/** What happened to an alarm, oldest first. */
export function renderTimeline(events: readonly AlarmRecord[]): HTMLElement {
  return element(
    "ol",
    { class: "timeline" },
    events.map((record) =>
      element("li", { "data-change": record.change }, [
        timeOf(record.atUs),
        element("span", {}, [describeRecord(record)]),
      ]),
    ),
  );
}

/** Alarms with a link to the page of each. */
export function renderAlarms(alarms: readonly AlarmSummary[], empty: string): HTMLElement {
  if (alarms.length === 0) return nothing(empty);
  return element("ul", { class: "desk-list" }, alarms.map(renderAlarm));
}

function renderAlarm(alarm: AlarmSummary): HTMLElement {
  const { id, peak, sensorType, raisedUs, lastUs, severity, anomalies, state } = alarm;
  const value = peak.value === null ? "" : `${formatMeasure(sensorType, peak.value)} · `;
  const lasted = formatSpan((lastUs - raisedUs) / 1000);
  return element("li", { "data-alarm": String(id), "data-severity": severity }, [
    element("span", { class: "desk-what" }, [
      element("a", { href: `/alarms/${id}` }, [`${subjectOf(alarm)}, ${formatMoment(raisedUs / 1000)}`]),
      " ",
      element("small", {}, [`${value}${severity}, ${state}, ${anomalies}\u202f× in ${lasted}`]),
    ]),
    element("span", { class: "desk-note" }, [describeJudgement(alarm)]),
  ]);
}

function timeOf(atUs: number): HTMLElement {
  const at = new Date(atUs / 1000);
  return element("time", { datetime: at.toISOString() }, [formatMoment(at.getTime())]);
}
