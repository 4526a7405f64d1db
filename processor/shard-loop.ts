import { messageOf, PlatformError } from "../platform/errors.ts";
import type {
  Batch,
  EventStream,
  ReadingStore,
  ReadingStream,
  SeriesKey,
  ShardReader,
  ShardWriter,
  StreamEntry,
  Written,
} from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import type { PlatformEvent } from "../schema/event.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { partsOf, toLiveReadings, unreadableEntry, weightOfEntry } from "./batch.ts";
import { DetectorMemory } from "./memory.ts";
import type { ModelRegistry } from "./registry.ts";
import { rest } from "./rest.ts";
import { scoreReading } from "./score.ts";
import { writeWhatCanBe } from "./write.ts";

export interface ShardDeps {
  readonly shard: number;
  readonly stream: ReadingStream;
  readonly store: ReadingStore;
  readonly events: EventStream;
  readonly models: ModelRegistry;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** Readings a batch aims for: large enough to spare the database, small enough to be stored within the blink. */
const batchReadings = 1000;
const mostEntries = 500;
/** How much heavier than aimed for a batch may turn out before it is written in parts. */
const heaviestBatch = 2 * batchReadings;
const waitMs = 250;
/** Stored readings from which a detector's memory of a series is rebuilt. */
const historyReadings = 300;
/** Series whose history is asked for at a time. */
const seriesASlice = 100;
/** How often a processor asks for a shard that another one has. */
const claimIntervalMs = 1000;

/** Runs one shard until the signal: waits for its pen, then takes, scores, writes, announces and acknowledges in order. */
export async function runShard(deps: ShardDeps): Promise<void> {
  const { shard, log, metrics, signal } = deps;
  while (!signal.aborted) {
    const writer = await claim(deps);
    if (writer === null) continue;
    metrics.shardsOwned.inc();
    log.debug({ shard }, "shard taken");
    try {
      await new Ownership(deps, writer).run();
    } catch (error) {
      log.warn({ shard, reason: messageOf(error) }, "shard interrupted");
      await rest(claimIntervalMs, signal);
    } finally {
      metrics.shardsOwned.dec();
      await writer.release();
    }
  }
}

async function claim({ shard, store, log, signal }: ShardDeps): Promise<ShardWriter | null> {
  try {
    const writer = await store.claimShard(shard);
    if (writer === null) await rest(claimIntervalMs, signal);
    return writer;
  } catch (error) {
    log.warn({ shard, reason: messageOf(error) }, "shard not claimed");
    await rest(claimIntervalMs, signal);
    return null;
  }
}

/** One stretch of owning a shard. What it remembers of the series begins and ends with it. */
class Ownership {
  readonly #deps: ShardDeps;
  readonly #writer: ShardWriter;
  readonly #memory = new DetectorMemory();
  /** Begins low, for a backlog may be made of large frames; grows while batches turn out light. */
  #entriesToTake = 4;

  constructor(deps: ShardDeps, writer: ShardWriter) {
    this.#deps = deps;
    this.#writer = writer;
  }

  async run(): Promise<void> {
    const { stream, shard, signal } = this.#deps;
    const reader = await stream.openShard(shard);
    // A blocked read would hold up the stop for as long as it waits; what it missed is handed out again next time.
    const onAbort = (): void => void reader.close();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const entries = await reader.next(this.#entriesToTake, waitMs);
        for (const part of partsOf(entries, heaviestBatch)) await this.#process(reader, part);
        this.#adapt(entries);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      await reader.close();
    }
  }

  /** Aims at batches of `batchReadings`, at most twice as many entries as last time. */
  #adapt(entries: readonly StreamEntry[]): void {
    if (entries.length === 0) return;
    const weight = entries.reduce((sum, entry) => sum + weightOfEntry(entry), 0);
    const aim = Math.floor((batchReadings * entries.length) / weight);
    this.#entriesToTake = Math.max(1, Math.min(aim, 2 * this.#entriesToTake, mostEntries));
  }

  async #process(reader: ShardReader, entries: readonly StreamEntry[]): Promise<void> {
    const batch = await this.#score(entries);
    const written = await writeWhatCanBe({ ...this.#deps, writer: this.#writer, batch });
    await this.#announce(batch.readings, written);
    // Acknowledge after the commit: a crash in between repeats the batch, and the key of a reading makes that harmless.
    await this.#acknowledge(reader, entries);
  }

  async #score(entries: readonly StreamEntry[]): Promise<Batch> {
    const { models, metrics } = this.#deps;
    const readings = entries.flatMap((entry) => entry.frame?.readings ?? []);
    await this.#remember(this.#memory.missing(readings));
    const scored = readings.map((reading) =>
      scoreReading(reading, this.#memory.stateOf(reading), models.modelFor(reading.sensorType)),
    );
    const unreadable = entries.filter((entry) => entry.frame === null);
    if (unreadable.length > 0) metrics.rejected.inc({ code: "FRAME_UNREADABLE" }, unreadable.length);
    const rejections = entries.flatMap((entry) => entry.frame?.rejections ?? [unreadableEntry(entry)]);
    const receivedUs = entries.reduce((newest, entry) => Math.max(newest, entry.frame?.receivedUs ?? 0), 0);
    return { readings: scored, rejections, receivedUs };
  }

  /** In slices, since a take-over can miss ten thousand series at once. */
  async #remember(missing: readonly SeriesKey[]): Promise<void> {
    for (let from = 0; from < missing.length; from += seriesASlice) {
      const slice = missing.slice(from, from + seriesASlice);
      this.#memory.rebuild(await this.#deps.store.recent(slice, historyReadings));
    }
  }

  async #announce(readings: readonly ScoredReading[], written: Written): Promise<void> {
    const { events, log, metrics } = this.#deps;
    metrics.stored.inc(written.inserted);
    metrics.duplicates.inc(readings.length - written.inserted);
    for (const anomaly of written.anomalies) metrics.anomalies.inc({ sensor_type: anomaly.sensorType });
    const atUs = Date.now() * 1000;
    const presence = written.awakened.map(
      (deviceId): PlatformEvent => ({ kind: "device-active", deviceId, atUs }),
    );
    events.broadcast(toLiveReadings(readings));
    try {
      await events.publish([...presence, ...written.anomalies]);
    } catch (error) {
      // They are in the table `anomalies`, where every console finds them at its next look; the readings must go on.
      log.warn(
        { events: presence.length + written.anomalies.length, reason: messageOf(error) },
        "events not announced",
      );
    }
  }

  async #acknowledge(reader: ShardReader, entries: readonly StreamEntry[]): Promise<void> {
    const { log, shard, signal } = this.#deps;
    const ids = entries.map((entry) => entry.id);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await reader.acknowledge(ids);
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof PlatformError && error.retryable)) throw error;
        log.warn({ shard, attempt, reason: error.message }, "batch not acknowledged yet");
        await rest(Math.min(100 * 2 ** attempt, 2000), signal);
      }
    }
  }
}
