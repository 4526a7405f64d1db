import { createHash } from "node:crypto";
import type { Frame, StreamEntry } from "../platform/ports.ts";
import { weightOf } from "../platform/readings/frame.ts";
import type { Batch } from "../platform/readings/shard-batch.ts";
import { type LiveBand, type LivePoint, type LiveReadings, toLivePoint } from "../schema/event.ts";
import { type Rejection, toRejection } from "../schema/rejection.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { formatTimestamp } from "../schema/timestamp.ts";

/** The readings as the live charts take them, by device, each with the bands that begin with it. */
export function toLiveReadings({ readings, bands }: Pick<Batch, "readings" | "bands">): LiveReadings[] {
  const byDevice = new Map<string, { deviceId: string; readings: LivePoint[]; bands?: LiveBand[] }>();
  for (const reading of readings) {
    const known = byDevice.get(reading.deviceId);
    if (known !== undefined) known.readings.push(toLivePoint(reading));
    else byDevice.set(reading.deviceId, { deviceId: reading.deviceId, readings: [toLivePoint(reading)] });
  }
  for (const { deviceId, sensorType, timestampUs, low, high } of bands) {
    const own = byDevice.get(deviceId);
    if (own === undefined) continue;
    own.bands = [...(own.bands ?? []), [sensorType, timestampUs, low, high]];
  }
  return [...byDevice.values()];
}

/** How much memory an entry takes, in readings; at least one. */
export function weightOfEntry({ frame }: StreamEntry): number {
  return frame === null ? 1 : Math.max(1, weightOf(frame));
}

/** The entries in order, in parts no heavier than `heaviest` where an entry is not so by itself. */
export function partsOf(entries: readonly StreamEntry[], heaviest: number): readonly StreamEntry[][] {
  const parts: StreamEntry[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    weight += weightOfEntry(entry);
    if (weight > heaviest) {
      parts.push([]);
      weight = weightOfEntry(entry);
    }
    parts.at(-1)?.push(entry);
  }
  return parts;
}

/** So far may the clock of a broker be ahead. */
const furthestUs = 60e6;

/** The frame as it is believed: what a broker whose clock stands ahead says of the time would have nobody missed until then. */
export function heardByNow(frame: Frame, nowUs: number): Frame {
  const latestUs = nowUs + furthestUs;
  return frame.receivedUs > latestUs ? { ...frame, receivedUs: latestUs } : frame;
}

/** What is kept of a stream entry that is no frame. Its id follows from the entry's, so a redelivery keeps it once. */
export function unreadableEntry(entry: StreamEntry): Rejection {
  const reason = `stream entry ${entry.id} is not a frame of readings; something else writes to the readings streams`;
  return toRejection(
    { code: "FRAME_UNREADABLE", reason },
    {
      id: uuidOf(`${entry.id} ${entry.raw.toString("base64")}`),
      deviceId: null,
      source: "stream",
      payload: entry.raw,
      receivedUs: Number(entry.id.split("-")[0]) * 1000 || 0,
    },
  );
}

/** What is kept of a reading the database will not have: a telemetry message, so that it can be replayed. */
export function refusedReading(reading: ScoredReading, reason: string, receivedUs: number): Rejection {
  const { deviceId, sensorType, timestampUs, value } = reading;
  const timestamp = formatTimestamp(timestampUs);
  const text = JSON.stringify({ device_id: deviceId, timestamp, metrics: [{ type: sensorType, value }] });
  return toRejection(
    { code: "STORE_REFUSED", reason },
    { id: uuidOf(text), deviceId, source: "stream", payload: Buffer.from(text), receivedUs },
  );
}

/** A UUID made of a text's digest (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
