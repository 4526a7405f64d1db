import type { AnomaliesAnswer, DevicesAnswer, DoorsAnswer, ReadingsAnswer } from "../../schema/api.ts";

/** Most devices the board lists. */
export const deviceLimit = 200;
/** Most anomalies asked for at once. */
export const anomalyLimit = 100;

const answerTimeoutMs = 10_000;

/** @throws with a sentence for the operator when the server does not answer, or answers with an error. */
async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`/api/v1/${path}`, { signal: AbortSignal.timeout(answerTimeoutMs) }).catch(
    (cause: unknown) => {
      throw new Error("The server cannot be reached.", { cause });
    },
  );
  if (!response.ok) throw new Error(`The server answered ${response.status} to ${path.split("?")[0]}.`);
  // True because the same build serves the page and the answer, and the server serialises by schema/api.ts.
  return (await response.json()) as Answer;
}

export function fetchDevices(): Promise<DevicesAnswer> {
  return ask(`devices?limit=${deviceLimit}`);
}

export function fetchAnomalies(): Promise<AnomaliesAnswer> {
  return ask(`anomalies?limit=${anomalyLimit}`);
}

export function fetchReadings(deviceIds: readonly string[], limit: number): Promise<ReadingsAnswer> {
  const query = deviceIds.map((id) => `device=${encodeURIComponent(id)}`).join("&");
  return ask(`readings?${query}&limit=${limit}`);
}

/** Where devices can speak to the platform; the usual ports on the host that served this page when even that is unknown. */
export function fetchDoors(): Promise<DoorsAnswer> {
  return ask<DoorsAnswer>("doors").catch(() => ({
    mqttHost: location.hostname,
    mqttPort: 1883,
    httpUrl: location.origin,
  }));
}
