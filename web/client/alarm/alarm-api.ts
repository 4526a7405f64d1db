import type { AlarmAnswer, AlarmChangedAnswer, AlarmSummary, AlarmsAnswer } from "../../../schema/alarm.ts";
import type { HistoryAnswer, HistorySeries } from "../../../schema/history.ts";
import { ask, demand } from "../shell/server-api.ts";
import type { Span } from "./span.ts";

const pointsWanted = 600;
const similarShown = 20;
const membersShown = 200;

export function fetchAlarm(id: string): Promise<AlarmAnswer> {
  return ask(`alarms/${encodeURIComponent(id)}`);
}

/** Earlier and later alarms of the same sensor for the same reason, the youngest first. */
export async function fetchSimilar(alarm: AlarmSummary): Promise<AlarmsAnswer["alarms"]> {
  const { deviceId: device, sensorType: sensor, rule } = alarm;
  // An alarm about many devices has no sensor of its own to compare with.
  if (device === "") return [];
  const query = new URLSearchParams({ device, sensor, rule, limit: String(similarShown + 1) });
  const { alarms } = await ask<AlarmsAnswer>(`alarms?${query}`);
  return alarms.filter(({ id }) => id !== alarm.id).slice(0, similarShown);
}

/** The alarms that were taken into one about many devices. */
export async function fetchMembers({ id, members }: AlarmSummary): Promise<AlarmsAnswer["alarms"]> {
  if (members === 0) return [];
  return (await ask<AlarmsAnswer>(`alarms?group=${id}&limit=${membersShown}`)).alarms;
}

/** What the sensor said in this time, or all sensors where the alarm is about a whole device; nothing where it is about many. */
export async function fetchAround(
  { deviceId, sensorType }: AlarmSummary,
  { fromMs, toMs }: Span,
): Promise<readonly HistorySeries[]> {
  if (deviceId === "") return [];
  const query = new URLSearchParams({ device: deviceId, points: String(pointsWanted) });
  if (sensorType !== "") query.set("sensors", sensorType);
  query.set("from", new Date(fromMs).toISOString());
  query.set("to", new Date(toMs).toISOString());
  return (await ask<HistoryAnswer>(`history?${query}`)).series;
}

/** Does as an operator wishes; `version` is the one that was looked at. */
export async function changeAlarm(
  { id, version }: AlarmSummary,
  kind: "acknowledge" | "comment" | "assign" | "shelve" | "clear" | "feedback",
  wish: object = {},
): Promise<AlarmSummary> {
  return (await demand<AlarmChangedAnswer>("POST", `alarms/${id}/${kind}`, { version, ...wish })).alarm;
}
