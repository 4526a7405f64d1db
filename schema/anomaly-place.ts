/** The place of an anomaly among others, newest first: what comes next is older, or of a later name. */
export interface AnomalyPlace {
  readonly timestampUs: number;
  readonly deviceId: string;
  readonly sensorType: string;
}

/** A place as a text that is handed out, and comes back. */
export function anomalyCursor({ timestampUs, deviceId, sensorType }: AnomalyPlace): string {
  return Buffer.from(JSON.stringify([timestampUs, deviceId, sensorType])).toString("base64url");
}

/** The place in a cursor; undefined when it is none of ours. */
export function anomalyPlaceIn(cursor: string): AnomalyPlace | undefined {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(place) || place.length !== 3) return undefined;
  const [timestampUs, deviceId, sensorType]: unknown[] = place;
  const isName = (name: unknown): name is string => typeof name === "string" && !name.includes("\u0000");
  if (!Number.isSafeInteger(timestampUs) || !isName(deviceId) || !isName(sensorType)) return undefined;
  return { timestampUs: Number(timestampUs), deviceId, sensorType };
}
