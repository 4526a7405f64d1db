import type { AlarmAnswer, AlarmSummary, AlarmsAnswer, AlarmVerdict } from "../../../schema/alarm.ts";
import type { AnomalySummary } from "../../../schema/api.ts";
import type { HistorySeries } from "../../../schema/history.ts";
import { api, ask, demand } from "../api/asking.ts";
import type { Span } from "../charts/span.ts";
import { worstAmong } from "./judge-words.ts";

const pointsWanted = 600;
const similarShown = 20;
const membersShown = 200;
const anomaliesLookedAt = 1000;

/** @throws with a sentence when there is none of that name. */
export async function fetchAlarm(id: string): Promise<AlarmAnswer> {
  if (!/^\d{1,15}$/.test(id)) throw new Error(`No alarm is called ${id}: they have numbers.`);
  return ask(() => api.GET("/api/v1/alarms/{id}", { params: { path: { id: Number(id) } } }));
}

/** Earlier and later alarms of the same sensor for the same reason, the youngest first. */
export async function fetchSimilar(alarm: AlarmSummary): Promise<AlarmsAnswer["alarms"]> {
  const { deviceId: device, sensorType: sensor, rule } = alarm;
  // An alarm about many devices has no sensor of its own to compare with.
  if (device === "") return [];
  const query = { device, sensor, rule, limit: similarShown + 1 };
  const { alarms } = await ask(() => api.GET("/api/v1/alarms", { params: { query } }));
  return alarms.filter(({ id }) => id !== alarm.id).slice(0, similarShown);
}

/** The alarms that were taken into one about many devices. */
export async function fetchMembers({ id, members }: AlarmSummary): Promise<AlarmsAnswer["alarms"]> {
  if (members === 0) return [];
  const query = { group: id, limit: membersShown };
  return (await ask(() => api.GET("/api/v1/alarms", { params: { query } }))).alarms;
}

/** The worst reading of an alarm with who judged it; undefined where it was no anomaly, or is not among the newest ones of the alarm. */
export async function fetchWorst(alarm: AlarmSummary): Promise<AnomalySummary | undefined> {
  const { deviceId: device, sensorType, rule, raisedUs, lastUs, peak } = alarm;
  // Of an operator's own rule no model has judged.
  if (rule !== "anomaly" || device === "" || peak.value === null) return undefined;
  const query = {
    ...{ device, limit: anomaliesLookedAt },
    from: new Date(Math.floor(raisedUs / 1000)).toISOString(),
    to: new Date(Math.ceil(lastUs / 1000) + 1).toISOString(),
  };
  const { anomalies } = await ask(() => api.GET("/api/v1/anomalies", { params: { query } }));
  return worstAmong(anomalies, { sensorType, value: peak.value });
}

/** What the sensor said in this time, or all sensors where the alarm is about a whole device; nothing where it is about many. */
export async function fetchAround(
  { deviceId, sensorType }: AlarmSummary,
  { fromMs, toMs }: Span,
): Promise<readonly HistorySeries[]> {
  if (deviceId === "") return [];
  const query = {
    device: [deviceId],
    ...(sensorType === "" ? {} : { sensors: sensorType }),
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    points: pointsWanted,
  };
  return (await ask(() => api.GET("/api/v1/history", { params: { query } }))).series;
}

/** What an operator can wish of an alarm. */
export type AlarmWish =
  | { readonly kind: "acknowledge" | "clear" }
  | { readonly kind: "comment"; readonly comment: string }
  | { readonly kind: "assign"; readonly assignee: string | null }
  | { readonly kind: "shelve"; readonly seconds: number }
  | { readonly kind: "feedback"; readonly verdict: AlarmVerdict | "none"; readonly note?: string };

/** Does as an operator wishes; `version` is the one that was looked at. */
export async function changeAlarm(alarm: AlarmSummary, wish: AlarmWish): Promise<AlarmSummary> {
  return (await demand(() => change(alarm, wish))).alarm;
}

function change({ id, version }: AlarmSummary, wish: AlarmWish) {
  const params = { path: { id } };
  switch (wish.kind) {
    case "acknowledge":
      return api.POST("/api/v1/alarms/{id}/acknowledge", { params, body: { version } });
    case "clear":
      return api.POST("/api/v1/alarms/{id}/clear", { params, body: { version } });
    case "comment":
      return api.POST("/api/v1/alarms/{id}/comment", { params, body: { version, comment: wish.comment } });
    case "assign":
      return api.POST("/api/v1/alarms/{id}/assign", { params, body: { version, assignee: wish.assignee } });
    case "shelve":
      return api.POST("/api/v1/alarms/{id}/shelve", { params, body: { version, seconds: wish.seconds } });
    case "feedback": {
      const { kind: _, ...judgement } = wish;
      return api.POST("/api/v1/alarms/{id}/feedback", { params, body: { version, ...judgement } });
    }
  }
}
