import { formatCount } from "../shell/format.ts";
import { type Zone, zoneName } from "../shell/zone.ts";
import type { Span } from "./span.ts";

/** The time that a picture is of: `29 Nov 2026, 18:40:00 to 29 Nov 2026, 18:55:00 (Europe/Berlin)`. */
export function describeSpan({ fromMs, toMs }: Span, zone: Zone): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    ...{ dateStyle: "medium", timeStyle: "medium" },
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  });
  return `${format.format(fromMs)} to ${format.format(toMs)} (${zoneName(zone)})`;
}

/** What stands beside the name of a sensor: `every reading, 3 anomalies`. */
export function describeContent(resolution: string, anomalies: number): string {
  if (anomalies === 0) return `${resolution}, no anomaly`;
  return `${resolution}, ${formatCount(anomalies)} ${anomalies === 1 ? "anomaly" : "anomalies"}`;
}

/** A name that every file system takes: `oven-1_20261129T174000Z_20261129T175500Z.png`. */
export function pictureName(deviceId: string, { fromMs, toMs }: Span): string {
  const plain = deviceId.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^\.+/, "-");
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().replace(/\.\d+|[-:]/g, ""));
  return `${plain}_${from}_${to}.png`;
}
