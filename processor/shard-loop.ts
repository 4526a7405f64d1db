import { messageOf, PlatformError } from "../platform/errors.ts";
import type { Clock, EventStream, ShardReader, ShardWriter, StreamEntry } from "../platform/ports.ts";
import type { Batch, Written } from "../platform/readings/shard-batch.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { toPresence } from "../schema/event.ts";
import type { ShardAttention } from "./attention.ts";
import {
  heardByNow,
  partsOf,
  refusedReading,
  toLiveReadings,
  unreadableEntry,
  weightOfEntry,
} from "./batch.ts";
import { FramePositions } from "./positions.ts";
import { rest } from "./rest.ts";
import type { Scorer } from "./shard-scorer.ts";
import { writePatiently } from "./write.ts";

export interface ShardDeps {
  readonly shard: number;
  readonly reader: ShardReader;
  readonly writer: ShardWriter;
  readonly scorer: Scorer;
  readonly now: Clock;
  readonly attention: ShardAttention;
  readonly events: EventStream;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborted when the shard shall be given up, or its pen is lost. */
  readonly signal: AbortSignal;
}

/** Readings a batch aims for: large enough to spare the database, small enough to be stored within the blink. */
const batchReadings = 1000;
const mostEntries = 500;
/** How much heavier than aimed for a batch may turn out before it is written in parts. */
const heaviestBatch = 2 * batchReadings;
const waitMs = 250;
/** Batches between these many readings are light: fewer is no crowd, and more are worth their statement. */
const [lightestCompany, lightBatch] = [4, 250];
const longestBreathMs = 30;
/** What came so lately may be on its way here from a broker, whose clock need not be ours. */
const unreadUs = 1e6;

/**
 * Runs one shard until the signal: takes, scores, writes, announces and acknowledges in order. While one batch is being stored the
 * next one is taken and scored.
 */
export async function runShard(deps: ShardDeps): Promise<void> {
  const { reader, signal, writer, events } = deps;
  const { unsaid } = writer.custody;
  if (unsaid !== null) await events.recover(unsaid.events, unsaid.receipt);
  const ownership = new Ownership(deps);
  // A blocked read would hold up the stop for as long as it waits; what it missed is handed out again next time.
  const onAbort = (): void => void reader.close();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) await ownership.turn();
  } finally {
    signal.removeEventListener("abort", onAbort);
    await ownership.finish();
  }
}

class Ownership {
  readonly #deps: ShardDeps;
  readonly #positions: FramePositions;
  /** Begins low, for a backlog may be made of large frames; grows while batches turn out light. */
  #entriesToTake = 4;
  /** The batch before, on its way into the database. */
  #storing: Promise<void> = Promise.resolve();
  #begunMs = 0;
  #tookMs = 0;
  #lastWeight = 0;

  constructor(deps: ShardDeps) {
    this.#deps = deps;
    this.#positions = new FramePositions(deps.writer.custody.positions, deps.now);
  }

  async turn(): Promise<void> {
    await this.#breathe();
    const askedUs = this.#deps.now();
    const entries = await this.#deps.reader.next(this.#entriesToTake, waitMs);
    for (const part of partsOf(entries, heaviestBatch)) {
      const batch = await this.#score(part);
      await this.#storing;
      this.#storing = this.#store(part, batch);
      // It is awaited with the next batch; until then a failure has nobody to hear it.
      this.#storing.catch(() => undefined);
    }
    if (entries.length === 0) {
      await this.#storing;
      this.#deps.attention.readUntil(askedUs - unreadUs);
    }
    this.#adapt(entries);
  }

  /**
   * Lets as much time pass between two light batches as it takes to store them: a machine that is busy gets larger ones then, each of
   * which costs it hardly more. A reading that comes alone waits for nobody.
   */
  async #breathe(): Promise<void> {
    if (this.#lastWeight < lightestCompany || this.#lastWeight > lightBatch) return;
    const leftMs = this.#begunMs + 2 * this.#tookMs - performance.now();
    if (leftMs > 1) await rest(Math.min(leftMs, longestBreathMs), this.#deps.signal);
  }

  /** Waits for what is on its way, whatever becomes of it. */
  async finish(): Promise<void> {
    await this.#storing.catch(() => undefined);
  }

  /** Aims at batches of `batchReadings`, at most twice as many entries as last time. */
  #adapt(entries: readonly StreamEntry[]): void {
    if (entries.length === 0) return;
    const weight = entries.reduce((sum, entry) => sum + weightOfEntry(entry), 0);
    this.#lastWeight = weight;
    const aim = Math.floor((batchReadings * entries.length) / weight);
    this.#entriesToTake = Math.max(1, Math.min(aim, 2 * this.#entriesToTake, mostEntries));
  }

  /** Null when every entry is accounted for already: an earlier owner stored them and could not say so. */
  async #score(entries: readonly StreamEntry[]): Promise<Batch | null> {
    const fresh = entries.filter(({ frame }) => frame === null || this.#positions.admit(frame));
    if (fresh.length === 0) return null;
    const nowUs = this.#deps.now();
    const frames = fresh.flatMap(({ frame }) => (frame === null ? [] : heardByNow(frame, nowUs)));
    const scored = await this.#deps.scorer.score(frames, () => this.#storing);
    const unreadable = fresh.filter(({ frame }) => frame === null);
    if (unreadable.length > 0)
      this.#deps.metrics.rejected.inc({ code: "FRAME_UNREADABLE" }, unreadable.length);
    const receivedUs = frames.reduce((newest, frame) => Math.max(newest, frame.receivedUs), 0);
    return {
      ...scored,
      rejections: fresh.flatMap((entry) => entry.frame?.rejections ?? [unreadableEntry(entry)]),
      receivedUs,
      positions: this.#positions.snapshot(),
      toRefused: (reading, reason) => refusedReading(reading, reason, receivedUs),
    };
  }

  async #store(entries: readonly StreamEntry[], batch: Batch | null): Promise<void> {
    const { reader } = this.#deps;
    this.#begunMs = performance.now();
    if (batch !== null) {
      const written = await writePatiently({ ...this.#deps, batch });
      this.#count(batch, written);
      await this.#announce(batch, written);
      this.#deps.attention.readUntil(batch.receivedUs - unreadUs);
      this.#deps.attention.heard(batch.receivedUs);
    }
    // Acknowledge after the commit: a crash in between hands the entries out again, and their numbers make that harmless.
    await this.#insist("batch not acknowledged yet", () => reader.acknowledge(entries));
    this.#tookMs = performance.now() - this.#begunMs;
  }

  #count(batch: Batch, written: Written): void {
    const { log, metrics, scorer, shard } = this.#deps;
    metrics.stored.inc(written.inserted);
    metrics.duplicates.inc(batch.readings.length - written.refused.length - written.inserted);
    for (const anomaly of written.anomalies) metrics.anomalies.inc({ sensor_type: anomaly.sensorType });
    if (written.refused.length > 0) {
      metrics.rejected.inc({ code: "STORE_REFUSED" }, written.refused.length);
      scorer.forget(written.refused);
    }
    for (const rejection of written.dropped) log.error({ shard, rejection }, "rejection not kept");
  }

  async #announce(batch: Batch, written: Written): Promise<void> {
    const { events, now } = this.#deps;
    events.broadcast(toLiveReadings(batch));
    const said = [...toPresence("device-active", written.awakened, now()), ...written.anomalies];
    if (said.length === 0) return;
    await this.#insist("events not announced yet", () => events.publish(said, written.receipt));
  }

  /** Tries until it succeeds: without Redis there is nothing else to do. What is left undone at the end the next owner does. */
  async #insist(complaint: string, action: () => Promise<void>): Promise<void> {
    const { log, shard, signal } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await action();
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof PlatformError && error.retryable)) throw error;
        log.warn({ shard, attempt, reason: messageOf(error) }, complaint);
        await rest(Math.min(100 * 2 ** attempt, 2000), signal);
      }
    }
  }
}
