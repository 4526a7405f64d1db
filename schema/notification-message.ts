import { alarmMessage } from "./alarm-message.ts";
import type { Message } from "./digest.ts";
import type { AlarmEvent } from "./event.ts";
import { sensorLabel, sensorUnit } from "./sensors.ts";

/** Where and for whom a message is written. */
export interface Setting {
  /** Name of the route. */
  readonly route: string;
  /** Where operators reach the console, without a slash at the end; null when nobody said so. */
  readonly publicUrl: string | null;
  readonly timeZone: string;
}

/** A message as JSON, for webhooks and MQTT, in the words of the wire. */
export function bodyOf({ id, severity, content }: Message, { route, publicUrl }: Setting): object {
  const head = { delivery: id, route, severity };
  const console = publicUrl === null ? {} : { console: `${publicUrl}/` };
  switch (content.kind) {
    case "alarm": {
      const { event } = content;
      const links = publicUrl === null ? {} : { ...console, alarm: alarmUrl(publicUrl, event) };
      return { ...head, event: event.change, alarm: alarmMessage(event), links };
    }
    case "digest": {
      const { total, counts, worst } = content;
      const listed = worst.map((each) => ({
        ...{ delivery: each.id, severity: each.severity, event: each.event.change },
        alarm: alarmMessage(each.event),
      }));
      return { ...head, event: "digest", digest: { total, counts, worst: listed }, links: console };
    }
    case "test":
      return { ...head, event: "test", by: content.by, links: console };
  }
}

/** A message in one line: `[major] boiler-3 temperature 41.2 °C`. */
export function subjectOf({ severity, content }: Omit<Message, "id">): string {
  switch (content.kind) {
    case "alarm": {
      const { change } = content.event;
      return `[${change === "raised" ? severity : `${severity}, ${change}`}] ${whatIn(content.event)}`;
    }
    case "digest":
      return `[${severity}] ${content.total} ${content.total === 1 ? "notification" : "notifications"} of alarms`;
    case "test":
      return "[test] Notifications of alarms arrive here";
  }
}

/** A message as plain text. */
export function textOf(message: Message, setting: Setting): string {
  const { content, severity } = message;
  const { publicUrl, route } = setting;
  const foot = [
    ...(publicUrl === null ? [] : [`Console: ${publicUrl}/`]),
    `Route: ${route}`,
    `Delivery: ${message.id}`,
  ];
  return [...paragraphs(content, severity, setting), foot.join("\n")].join("\n\n").concat("\n");
}

function paragraphs(
  content: Message["content"],
  severity: string,
  { timeZone, publicUrl }: Setting,
): readonly string[] {
  switch (content.kind) {
    case "alarm": {
      const { event } = content;
      const { alarm } = event;
      const worst = measure(alarm.sensorType, alarm.peak.value);
      const facts = [
        `What: alarm ${alarm.id} ${event.change}, ${severity}`,
        `Device: ${alarm.deviceId || "several"}`,
        ...(alarm.sensorType === "" ? [] : [`Sensor: ${sensorLabel(alarm.sensorType)}`]),
        ...(worst === "" ? [] : [`Worst reading: ${worst}`]),
        ...bandOf(event),
        `When: ${moment(event.atUs, timeZone)}; since ${moment(alarm.raisedUs, timeZone)}`,
        ...(event.by === "platform" ? [] : [`By: ${event.by}`]),
        ...(event.comment === null ? [] : [`Comment: ${event.comment}`]),
        ...(publicUrl === null ? [] : [`Alarm: ${alarmUrl(publicUrl, event)}`]),
      ];
      return [alarm.peak.sentence || "Unusual for this sensor.", facts.join("\n")];
    }
    case "digest": {
      const counts = content.counts.map(({ severity: how, change, count }) => `${count} ${how} ${change}`);
      const worst = content.worst.map(
        (each) =>
          `${subjectOf({ severity: each.severity, content: { kind: "alarm", event: each.event } })}\n  ${each.event.alarm.peak.sentence}`,
      );
      return [
        `More than this route tells one by one: ${counts.join(", ")}.`,
        [content.total > worst.length ? "The worst:" : "All of them:", ...worst].join("\n"),
      ];
    }
    case "test":
      return [`${content.by} wanted to know whether this arrives. It does.`];
  }
}

function whatIn({ alarm }: AlarmEvent): string {
  const { deviceId, sensorType, peak } = alarm;
  return [deviceId || "several devices", sensorType, measure(sensorType, peak.value)]
    .filter((word) => word !== "")
    .join(" ");
}

function bandOf({ alarm: { peak, sensorType } }: AlarmEvent): string[] {
  if (peak.expected === null) return [];
  return [`Expected: ${rounded(peak.expected.low)} to ${measure(sensorType, peak.expected.high)}`];
}

/** Empty where there was no reading, as of a sensor that is silent. */
function measure(sensorType: string, value: number | null): string {
  if (value === null) return "";
  return `${rounded(value)} ${sensorUnit(sensorType)}`.trimEnd();
}

/** As many digits as a person reads. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 4)));
}

function moment(us: number, timeZone: string): string {
  const text = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone });
  return `${text.format(us / 1000)} (${timeZone})`;
}

function alarmUrl(publicUrl: string, { alarm }: AlarmEvent): string {
  return `${publicUrl}/api/v1/alarms/${alarm.id}`;
}
