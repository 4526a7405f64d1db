import { randomUUID } from "node:crypto";
import type { ShardTally } from "../../schema/ledger.ts";
import { PlatformError } from "../errors.ts";
import type { FrameContent, ReadingStream, ShardReader, StreamEntry } from "../ports.ts";
import { countOf, weightOf } from "../readings/frame.ts";

interface Pending {
  readonly entry: StreamEntry;
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Shard {
  /** Everything not yet acknowledged, in order; the first `handedOut` are with the reader. */
  pending: Pending[];
  handedOut: number;
  /** Frames, which numbers them; and what the ledger counts of them. */
  appended: number;
  received: number;
  settled: number;
  wake: (() => void) | undefined;
}

/** Opens the stream of the embedded mode: an append resolves when the consumer has stored and acknowledged the frame. */
export function openMemoryStream(options: { shards: number; maxReadings?: number }): ReadingStream {
  return new MemoryStream(options.shards, options.maxReadings ?? 200_000);
}

class MemoryStream implements ReadingStream {
  readonly #id = `memory ${randomUUID()}`;
  readonly #shards: readonly Shard[];
  readonly #maxReadings: number;
  #readings = 0;
  #nextId = 1;
  #isClosed = false;

  constructor(shards: number, maxReadings: number) {
    this.#shards = Array.from({ length: shards }, () => ({
      pending: [],
      handedOut: 0,
      appended: 0,
      received: 0,
      settled: 0,
      wake: undefined,
    }));
    this.#maxReadings = maxReadings;
  }

  append(shardNumber: number, content: FrameContent): Promise<void> {
    const size = weightOf(content);
    if (this.#isClosed) return Promise.reject(closed());
    if (this.#readings + size > this.#maxReadings) {
      const message = `${this.#readings} readings wait to be stored; at most ${this.#maxReadings} are kept in memory`;
      return Promise.reject(new PlatformError("STREAM_FULL", message, { retryable: true }));
    }
    this.#readings += size;
    const shard = this.#shard(shardNumber);
    const id = String(this.#nextId++);
    shard.appended += 1;
    shard.received += countOf(content);
    const frame = { ...content, origin: this.#id, sequence: shard.appended };
    return new Promise((resolve, reject) => {
      shard.pending.push({ entry: { id, frame, raw: noBytes }, size, resolve, reject });
      shard.wake?.();
    });
  }

  openShard(shardNumber: number): Promise<ShardReader> {
    const shard = this.#shard(shardNumber);
    // A new owner starts with what the former one took and never acknowledged.
    shard.handedOut = 0;
    return Promise.resolve({
      streamId: this.#id,
      next: (maxEntries, waitMs) => next(shard, maxEntries, waitMs),
      acknowledge: (entries) => Promise.resolve(this.#acknowledge(shard, entries)),
      close: () => Promise.resolve(shard.wake?.()),
    });
  }

  tallies(): Promise<readonly ShardTally[]> {
    const tallies = this.#shards.map(({ received, settled, pending }, shard) => {
      return {
        shard,
        streamId: this.#id,
        server: this.#id,
        received,
        promised: settled,
        settled,
        entries: pending.length,
      };
    });
    return Promise.resolve(tallies);
  }

  waiting(shardNumber: number, limit: number): Promise<readonly StreamEntry[]> {
    const { pending } = this.#shard(shardNumber);
    return Promise.resolve(pending.slice(0, limit).map(({ entry }) => entry));
  }

  fullness(): Promise<number> {
    return Promise.resolve(this.#readings / this.#maxReadings);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const shard of this.#shards) {
      shard.wake?.();
      for (const pending of shard.pending.splice(0)) pending.reject(closed());
    }
    return Promise.resolve();
  }

  #acknowledge(shard: Shard, entries: readonly StreamEntry[]): void {
    const acknowledged = new Set(entries.map(({ id }) => id));
    const kept: Pending[] = [];
    for (const pending of shard.pending.slice(0, shard.handedOut)) {
      if (!acknowledged.has(pending.entry.id)) {
        kept.push(pending);
        continue;
      }
      this.#readings -= pending.size;
      shard.settled += pending.entry.frame === null ? 0 : countOf(pending.entry.frame);
      pending.resolve();
    }
    shard.pending = kept.concat(shard.pending.slice(shard.handedOut));
    shard.handedOut = kept.length;
  }

  #shard(shardNumber: number): Shard {
    const shard = this.#shards[shardNumber];
    if (shard === undefined) throw new RangeError(`shard ${shardNumber} of ${this.#shards.length}`);
    return shard;
  }
}

const noBytes = Buffer.alloc(0);

function closed(): PlatformError {
  return new PlatformError("STREAM_DOWN", "the stream is closed", { retryable: false });
}

async function next(shard: Shard, maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]> {
  if (shard.pending.length <= shard.handedOut) await arrival(shard, waitMs);
  const entries = shard.pending.slice(shard.handedOut, shard.handedOut + maxEntries);
  shard.handedOut += entries.length;
  return entries.map(({ entry }) => entry);
}

function arrival(shard: Shard, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      shard.wake = undefined;
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    shard.wake = done;
  });
}
