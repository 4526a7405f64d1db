import type { AlarmRecord, AlarmSummary } from "../../../schema/alarm.ts";
import { nothing } from "../parts/controls.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import { describeInList, describeRecord, nameInList } from "./alarm-words.ts";

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
  return element("li", { "data-alarm": String(alarm.id), "data-severity": alarm.severity }, [
    element("span", { class: "severity-mark", "aria-hidden": "true" }),
    element("span", { class: "desk-what" }, [
      element("a", { href: `/alarms/${alarm.id}` }, [nameInList(alarm)]),
      " ",
      element("small", {}, [
        element("span", { class: "severity-word" }, [alarm.severity]),
        ` · ${describeInList(alarm)}`,
      ]),
    ]),
  ]);
}

function timeOf(atUs: number): HTMLElement {
  const at = new Date(atUs / 1000);
  return element("time", { datetime: at.toISOString() }, [formatMoment(at.getTime())]);
}
