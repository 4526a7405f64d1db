import type { AlarmChangedAnswer, AlarmsAnswer, AlarmVerdict } from "../../../schema/alarm.ts";
import type {
  AnomaliesAnswer,
  DevicesAnswer,
  DiscardAnswer,
  DoorsAnswer,
  ReadingsAnswer,
  RejectedAnswer,
  RejectedChoice,
  ReplayAnswer,
} from "../../../schema/api.ts";
import type {
  AuditAnswer,
  FirstAdminBody,
  LoginBody,
  MeAnswer,
  OperatorsAnswer,
  TokensAnswer,
} from "../../../schema/operator-api.ts";
import type { RejectionCode } from "../../../schema/rejection.ts";
import type { PreviewAnswer, TuningAnswer } from "../../../schema/tuning.ts";
import { api, ask, sayingWhy } from "../api/asking.ts";

/** Most devices the board lists. */
export const deviceLimit = 200;
/** Most anomalies asked for at once. */
export const anomalyLimit = 100;

/** @throws with the sentence of the server, which is for whoever tries to come in. */
export async function logIn(who: LoginBody): Promise<MeAnswer> {
  return sayingWhy(await api.POST("/api/v1/login", { body: who }));
}

/** @throws likewise */
export async function makeFirstAdmin(admin: FirstAdminBody): Promise<MeAnswer> {
  return sayingWhy(await api.POST("/api/v1/first-admin", { body: admin }));
}

export async function logOut(): Promise<void> {
  await api.POST("/api/v1/logout");
}

/** Who sits here; waits for a login where the server wants to know. */
export function fetchMe(): Promise<MeAnswer> {
  return ask(() => api.GET("/api/v1/me"));
}

export function fetchOperators(): Promise<OperatorsAnswer> {
  return ask(() => api.GET("/api/v1/operators"));
}

export function fetchTokens(): Promise<TokensAnswer> {
  return ask(() => api.GET("/api/v1/tokens"));
}

export function fetchChanges(before: number | undefined): Promise<AuditAnswer> {
  const query = { limit: 30, ...(before === undefined ? {} : { before }) };
  return ask(() => api.GET("/api/v1/audit", { params: { query } }));
}

export function fetchDevices(): Promise<DevicesAnswer> {
  const query = { state: "active", sort: "alarms", limit: deviceLimit } as const;
  return ask(() => api.GET("/api/v1/devices", { params: { query } }));
}

export function fetchAnomalies(): Promise<AnomaliesAnswer> {
  return ask(() => api.GET("/api/v1/anomalies", { params: { query: { limit: anomalyLimit } } }));
}

export function fetchReadings(deviceIds: readonly string[], limit: number): Promise<ReadingsAnswer> {
  return ask(() => api.GET("/api/v1/readings", { params: { query: { device: [...deviceIds], limit } } }));
}

/** The alarms to be looked after, the youngest first. */
export function fetchOpenAlarms(): Promise<AlarmsAnswer> {
  const query = { state: "open", fold: true, limit: 200 } as const;
  return ask(() => api.GET("/api/v1/alarms", { params: { query } }));
}

/** Those that cleared and nobody acknowledged, the youngest first. */
export function fetchUnseenAlarms(): Promise<AlarmsAnswer> {
  const query = { state: "unseen", fold: true, limit: 100 } as const;
  return ask(() => api.GET("/api/v1/alarms", { params: { query } }));
}

export function acknowledgeAlarm(id: number, version: number): Promise<AlarmChangedAnswer> {
  const wish = { params: { path: { id } }, body: { version } };
  return ask(() => api.POST("/api/v1/alarms/{id}/acknowledge", wish));
}

export function judgeAlarm(
  id: number,
  version: number,
  verdict: AlarmVerdict | "none",
): Promise<AlarmChangedAnswer> {
  const wish = { params: { path: { id } }, body: { version, verdict } };
  return ask(() => api.POST("/api/v1/alarms/{id}/feedback", wish));
}

/** Asks what the mildest quieter line of a sensor would have changed in a week. */
export function askPreview(of: { deviceId: string; sensorType: string }): Promise<PreviewAnswer> {
  return ask(() => api.POST("/api/v1/tunings/preview", { body: of }));
}

export function fetchPreview(id: number): Promise<PreviewAnswer> {
  return ask(() => api.GET("/api/v1/tunings/previews/{id}", { params: { path: { id } } }));
}

export function applyTuning(preview: number): Promise<TuningAnswer> {
  return ask(() => api.POST("/api/v1/tunings", { body: { preview } }));
}

export function rollBackTuning(id: number): Promise<TuningAnswer> {
  return ask(() => api.POST("/api/v1/tunings/rollback", { body: { id } }));
}

/** The newest refused messages of a code, or of all when it is empty. */
export function fetchRejected(limit: number, code: string): Promise<RejectedAnswer> {
  // Only codes that the server listed are chosen; its schema has the same catalogue.
  const query = { limit, ...(code === "" ? {} : { code: code as RejectionCode }) };
  return ask(() => api.GET("/api/v1/rejected", { params: { query } }));
}

export function replayRejected(choice: RejectedChoice): Promise<ReplayAnswer> {
  return ask(() => api.POST("/api/v1/rejected/replay", { body: choice }));
}

export function discardRejected(choice: RejectedChoice): Promise<DiscardAnswer> {
  return ask(() => api.POST("/api/v1/rejected/discard", { body: choice }));
}

/** Whether it was the session that ended: then this question opens the login. A server that is away is spoken of elsewhere. */
export function checkSession(): void {
  fetchMe().catch(() => undefined);
}

/** Where devices can speak to the platform; the usual ports on the host that served this page when even that is unknown. */
export function fetchDoors(): Promise<DoorsAnswer> {
  return ask(() => api.GET("/api/v1/doors")).catch(() => ({
    mqttHost: location.hostname,
    mqttPort: 1883,
    httpUrl: location.origin,
    needsCredentials: false,
    needsKey: false,
  }));
}
