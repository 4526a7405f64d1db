import type { AlarmSummary } from "../../schema/alarm.ts";
import type { AlarmEvent } from "../../schema/event.ts";
import { type PlannedNotification, type RouteSettings, routeDefaults } from "../../schema/notification.ts";
import { startUs } from "./samples.ts";

export function settings(over: Partial<RouteSettings> = {}): RouteSettings {
  return { name: "night shift", channel: "webhook", ...routeDefaults, ...over };
}

/** What happened to an alarm: it was raised. */
export function alarmEvent(
  over: Omit<Partial<AlarmEvent>, "alarm"> & { alarm?: Partial<AlarmEvent["alarm"]> } = {},
): AlarmEvent {
  const alarm: AlarmSummary = {
    ...{ id: 1, deviceId: "boiler-3", sensorType: "temperature", rule: "anomaly", version: 1 },
    ...{ state: "raised", severity: "major", group: null, members: 0 },
    ...{ raisedUs: startUs, lastUs: startUs, clearedUs: null, anomalies: 1 },
    peak: {
      ...{ score: 0.9, value: 41.25, expected: { low: 19.5, high: 24.5 }, shares: {} },
      sentence: "Temperature 41.25 °C; 19.5 to 24.5 is usual here.",
    },
    ...{ acknowledgedBy: null, assignee: null, shelvedUntilUs: null, judgement: null },
    ...over.alarm,
  };
  return {
    kind: "alarm",
    ...{ deviceId: alarm.deviceId, change: "raised", from: null, by: "platform" },
    ...{ atUs: startUs, comment: null, verdict: null },
    ...over,
    alarm,
  };
}

export function planned(routeId: number, over: Parameters<typeof alarmEvent>[0] = {}): PlannedNotification {
  const event = alarmEvent(over);
  return { routeId, event, severity: event.alarm.severity, dueUs: null };
}
