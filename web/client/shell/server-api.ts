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
import type { PreviewAnswer, TuningAnswer } from "../../../schema/tuning.ts";
import { signedOut } from "./signing.ts";

/** Most devices the board lists. */
export const deviceLimit = 200;
/** Most anomalies asked for at once. */
export const anomalyLimit = 100;

const answerTimeoutMs = 10_000;
/** A replay of many waits until all of it is safe. */
const workTimeoutMs = 60_000;

/**
 * Asks, and asks again when somebody has logged in in between.
 * @throws with a sentence for the operator when the server does not answer, or answers with an error.
 */
export async function ask<Answer>(path: string, work?: object): Promise<Answer> {
  const response = await send(path, work);
  if (response.status === 401) {
    await signedOut();
    return ask(path, work);
  }
  if (!response.ok) throw new Error(`The server answered ${response.status} to ${path.split("?")[0]}.`);
  // True because the same build serves the page and the answer, and the server serialises by schema/api.ts.
  return (await response.json()) as Answer;
}

function send(path: string, work?: object): Promise<Response> {
  return fetch(`/api/v1/${path}`, requestOf(work)).catch((cause: unknown) => {
    throw new Error("The server cannot be reached.", { cause });
  });
}

/** @throws with the sentence of the server, which is for whoever tries to come in. */
async function enter(path: string, work: LoginBody | FirstAdminBody): Promise<MeAnswer> {
  const response = await send(path, work);
  // As above; what an error is like stands in platform/http-server.ts.
  const answer = (await response.json()) as MeAnswer | { readonly error: string };
  if (!("error" in answer)) return answer;
  throw new Error(sentence(answer.error));
}

export function logIn(who: LoginBody): Promise<MeAnswer> {
  return enter("login", who);
}

export function makeFirstAdmin(admin: FirstAdminBody): Promise<MeAnswer> {
  return enter("first-admin", admin);
}

export async function logOut(): Promise<void> {
  await send("logout", {});
}

/** Who sits here; waits for a login where the server wants to know. */
export function fetchMe(): Promise<MeAnswer> {
  return ask("me");
}

/**
 * Asks for a change by an admin or of one's own.
 * @throws with the sentence of the server, which says what is wrong with it.
 */
export async function demand<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const request = { ...requestOf(body ?? {}), method };
  const response = await fetch(`/api/v1/${path}`, request).catch((cause: unknown) => {
    throw new Error("The server cannot be reached.", { cause });
  });
  if (response.status === 401) {
    await signedOut();
    return demand(method, path, body);
  }
  const text = await response.text();
  // As above; 204 says nothing, and whoever asks expects nothing then.
  const answer = (text === "" ? {} : JSON.parse(text)) as Answer & { readonly error?: string };
  if (!response.ok) throw new Error(sentence(answer.error ?? `The server answered ${response.status}`));
  return answer;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

export function fetchOperators(): Promise<OperatorsAnswer> {
  return ask("operators");
}

export function fetchTokens(): Promise<TokensAnswer> {
  return ask("tokens");
}

export function fetchChanges(before: number | undefined): Promise<AuditAnswer> {
  return ask(`audit?limit=30${before === undefined ? "" : `&before=${before}`}`);
}

function requestOf(work: object | undefined): RequestInit {
  if (work === undefined) return { signal: AbortSignal.timeout(answerTimeoutMs) };
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(work),
    signal: AbortSignal.timeout(workTimeoutMs),
  };
}

export function fetchDevices(): Promise<DevicesAnswer> {
  return ask(`devices?state=active&sort=alarms&limit=${deviceLimit}`);
}

export function fetchAnomalies(): Promise<AnomaliesAnswer> {
  return ask(`anomalies?limit=${anomalyLimit}`);
}

export function fetchReadings(deviceIds: readonly string[], limit: number): Promise<ReadingsAnswer> {
  const query = deviceIds.map((id) => `device=${encodeURIComponent(id)}`).join("&");
  return ask(`readings?${query}&limit=${limit}`);
}

/** The alarms to be looked after, the youngest first. */
export function fetchOpenAlarms(): Promise<AlarmsAnswer> {
  return ask("alarms?state=open&fold=true&limit=200");
}

export function acknowledgeAlarm(id: number, version: number): Promise<AlarmChangedAnswer> {
  return ask(`alarms/${id}/acknowledge`, { version });
}

export function judgeAlarm(
  id: number,
  version: number,
  verdict: AlarmVerdict | "none",
): Promise<AlarmChangedAnswer> {
  return ask(`alarms/${id}/feedback`, { version, verdict });
}

/** Asks what the mildest quieter line of a sensor would have changed in a week. */
export function askPreview(of: { deviceId: string; sensorType: string }): Promise<PreviewAnswer> {
  return ask("tunings/preview", of);
}

export function fetchPreview(id: number): Promise<PreviewAnswer> {
  return ask(`tunings/previews/${id}`);
}

export function applyTuning(preview: number): Promise<TuningAnswer> {
  return ask("tunings", { preview });
}

export function rollBackTuning(id: number): Promise<TuningAnswer> {
  return ask("tunings/rollback", { id });
}

/** The newest refused messages of a code, or of all when it is empty. */
export function fetchRejected(limit: number, code: string): Promise<RejectedAnswer> {
  return ask(`rejected?limit=${limit}${code === "" ? "" : `&code=${encodeURIComponent(code)}`}`);
}

export function replayRejected(choice: RejectedChoice): Promise<ReplayAnswer> {
  return ask("rejected/replay", choice);
}

export function discardRejected(choice: RejectedChoice): Promise<DiscardAnswer> {
  return ask("rejected/discard", choice);
}

/** Whether it was the session that ended: then this question opens the login. A server that is away is spoken of elsewhere. */
export function checkSession(): void {
  fetchMe().catch(() => undefined);
}

/** Where devices can speak to the platform; the usual ports on the host that served this page when even that is unknown. */
export function fetchDoors(): Promise<DoorsAnswer> {
  return ask<DoorsAnswer>("doors").catch(() => ({
    mqttHost: location.hostname,
    mqttPort: 1883,
    httpUrl: location.origin,
    needsCredentials: false,
    needsKey: false,
  }));
}
