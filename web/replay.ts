import type { Clock, ReadingStream, RejectionStore } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import type { ReplayAnswer } from "../schema/api.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";
import { byShard, decodeAgain, type Replay, type ReplayRules } from "../schema/replay.ts";

export interface ReplayDeps {
  readonly rejections: RejectionStore;
  readonly stream: ReadingStream;
  readonly shards: number;
  readonly rules: Omit<ReplayRules, "nowUs">;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A replay that somebody asked for. */
export interface ReplayWork extends ReplayDeps {
  /** Who, as the record of changes names them. */
  readonly by: string;
}

export type Failure = ReplayAnswer["failed"][number];

/** As many readings go to the stream at a time, or those of one message; like the frames of a broker. */
const parcelReadings = 500;

interface Parcel {
  /** When the newest of them came: that they are replayed says nothing of their devices. */
  receivedUs: number;
  readonly ids: string[];
  readonly readings: Reading[];
}

/** Decodes a kept message anew, as a broker would at this moment. */
export function tryAgain(rejection: Rejection, { rules, now }: Pick<ReplayDeps, "rules" | "now">): Replay {
  return decodeAgain(rejection, { ...rules, nowUs: now() });
}

/**
 * Hands what can be read now over to the stream, in the order given, and says what cannot. A rejection is removed once the stream
 * has its readings: a process that dies in between leaves it, and replaying it again makes the same readings with the same keys.
 * @throws PlatformError of the stream or the store; what was handed over before is removed, the rest is as it was.
 */
export async function replay(
  chosen: readonly Rejection[],
  deps: ReplayWork,
): Promise<{ replayed: number; failed: readonly Failure[] }> {
  const failed: Failure[] = [];
  const parcels: Parcel[] = [];
  for (const rejection of chosen) {
    const again = tryAgain(rejection, deps);
    if (again.kind === "readings") pack(parcels, rejection, again.readings);
    else failed.push({ id: rejection.id, ...fault(again) });
  }
  for (const parcel of parcels) await handOver(parcel, deps);
  const replayed = chosen.length - failed.length;
  if (chosen.length > 0) deps.log.info({ replayed, refused: failed.length }, "rejections replayed");
  return { replayed, failed };
}

/** Why a kept message gives no readings. */
export function fault(again: Exclude<Replay, { kind: "readings" }>): Omit<Failure, "id"> {
  return again.kind === "refused" ? again.refusal : again.obstacle;
}

function pack(parcels: Parcel[], { id, receivedUs }: Rejection, readings: readonly Reading[]): void {
  const last = parcels.at(-1);
  if (last !== undefined && last.readings.length + readings.length <= parcelReadings) {
    last.ids.push(id);
    last.readings.push(...readings);
    last.receivedUs = Math.max(last.receivedUs, receivedUs);
  } else parcels.push({ ids: [id], readings: [...readings], receivedUs });
}

async function handOver({ ids, readings, receivedUs }: Parcel, deps: ReplayWork): Promise<void> {
  const { stream, shards, rejections, metrics, by } = deps;
  const frames = [...byShard(readings, shards)].map(([shard, part]) =>
    stream.append(shard, { receivedUs, readings: part, rejections: [] }),
  );
  await Promise.all(frames);
  metrics.received.inc(readings.length);
  await rejections.remove(ids, { action: "rejected.replay", by });
}
