/** Which alarms an address asks for, as the server is asked for them. */
export function questionOf(query: URLSearchParams): URLSearchParams {
  const asked = new URLSearchParams({ limit: "100" });
  for (const name of ["state", "device", "sensor", "rule", "at", "after"]) {
    const value = query.get(name) ?? "";
    if (value !== "" && !(name === "state" && value === "all")) asked.set(name, value);
  }
  // Nobody who says nothing wants to see what is long over; who asks for a moment does.
  if (!query.has("state") && !query.has("at")) asked.set("state", "open");
  if (!query.has("at")) asked.set("fold", "true");
  return asked;
}

/** The address of the alarm that was going on when a sensor had an anomaly. */
export function alarmOfAnomaly({
  deviceId,
  sensorType,
  timestampUs,
}: {
  readonly deviceId: string;
  readonly sensorType: string;
  readonly timestampUs: number;
}): string {
  const query = { device: deviceId, sensor: sensorType, rule: "anomaly", at: String(timestampUs) };
  return `/alarms?${new URLSearchParams(query)}`;
}
