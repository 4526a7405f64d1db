import { randomUUID } from "node:crypto";
import type { ShardTally } from "../schema/ledger.ts";
import { PlatformError } from "./errors.ts";
import { countOf, decodeFrame, encodeFrame } from "./frame.ts";
import type { FrameContent, ReadingStream, ShardReader, StreamEntry } from "./ports.ts";
import {
  answered,
  connectRedis,
  entriesOf,
  mastersOf,
  type RedisClient,
  redisFailure,
} from "./redis-connection.ts";
import type { Log } from "./telemetry.ts";

// The stream holds what is not acknowledged, and nothing else: an owner reads from its beginning on and deletes what is stored.
// No consumer group, because a group hands an entry to one reader only: one that a former owner took after it had lost its shard
// would never reach the new one. Read by both, it is written by the one who has the pen.
const field = "frame";

/** The braces make the shard a Redis Cluster hash tag, so a shard and its count live on one node. */
function keysOf(shard: number): [stream: string, tally: string] {
  return [`readings:{${shard}}`, `tally:{${shard}}`];
}

// EVAL, not EVALSHA: a script that the server has forgotten is sent again after the frames behind it, which would change their order.
// XADD comes first, so a server that is full refuses before anything is counted.
const appending = `redis.call('XADD', KEYS[1], '*', '${field}', ARGV[1])
redis.call('HINCRBY', KEYS[2], 'received', ARGV[2])`;

// Deleting is what makes room, so it must go on when the server is full. Only what was still there counts.
const settling = `#!lua flags=allow-oom
local settled = 0
for place = 1, #ARGV, 2 do
  if redis.call('XDEL', KEYS[1], ARGV[place]) == 1 then settled = settled + ARGV[place + 1] end
end
redis.call('HINCRBY', KEYS[2], 'settled', string.format('%d', settled))`;

export interface RedisStreamOptions {
  readonly url: string;
  readonly shards: number;
  /** Readings that may wait to be stored, over all shards. */
  readonly maxWaiting: number;
  readonly log: Log;
}

/**
 * Opens the stream on Redis: an append resolves when the server has answered, which is as durable as its `appendfsync`.
 * @throws PlatformError STREAM_DOWN when Redis cannot be reached.
 */
export async function openRedisStream(options: RedisStreamOptions): Promise<ReadingStream> {
  const redis = await connectRedis(options.url, options.log, { blocking: false });
  return new RedisStream(redis, options);
}

class RedisStream implements ReadingStream {
  readonly #redis: RedisClient;
  readonly #options: RedisStreamOptions;
  readonly #numbering: { origin: string; sequence: number }[];

  constructor(redis: RedisClient, options: RedisStreamOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#numbering = Array.from({ length: options.shards }, newNumbering);
  }

  async append(shard: number, content: FrameContent): Promise<void> {
    const numbering = this.#numbering[shard];
    if (numbering === undefined) throw new RangeError(`shard ${shard} of ${this.#options.shards}`);
    numbering.sequence += 1;
    const frame = encodeFrame({ ...content, ...numbering });
    try {
      await this.#redis.eval(appending, 2, ...keysOf(shard), frame, countOf(content));
    } catch (cause) {
      // It may have arrived, and what is sent over the next connection may arrive before it: that is another origin's.
      if (this.#numbering[shard] === numbering) this.#numbering[shard] = newNumbering();
      throw redisFailure(`add ${content.readings.length} readings to ${keysOf(shard)[0]}`, cause);
    }
  }

  async openShard(shard: number): Promise<ShardReader> {
    const reading = await connectRedis(this.#options.url, this.#options.log, {
      blocking: true,
      near: this.#redis,
    });
    try {
      return new RedisShardReader(shard, await this.#streamIdOf(shard), { redis: this.#redis, reading });
    } catch (error) {
      reading.disconnect();
      throw error;
    }
  }

  async tallies(): Promise<readonly ShardTally[]> {
    return Promise.all(Array.from({ length: this.#options.shards }, (_, shard) => this.#tallyOf(shard)));
  }

  async waiting(shard: number, limit: number): Promise<readonly StreamEntry[]> {
    const [key] = keysOf(shard);
    try {
      return (await this.#redis.xrangeBuffer(key, "-", "+", "COUNT", limit)).map(toEntry);
    } catch (cause) {
      throw cause instanceof PlatformError ? cause : redisFailure(`look into ${key}`, cause);
    }
  }

  async fullness(): Promise<number> {
    try {
      const shards = Array.from({ length: this.#options.shards }, (_, shard) => shard);
      const waiting = await Promise.all(shards.map((shard) => this.#waitingIn(shard)));
      const share = waiting.reduce((sum, count) => sum + count, 0) / this.#options.maxWaiting;
      const memory = await Promise.all(mastersOf(this.#redis).map((master) => master.info("memory")));
      return Math.max(share, ...memory.map(memoryShare));
    } catch (cause) {
      throw redisFailure("ask how full Redis is", cause);
    }
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  async #waitingIn(shard: number): Promise<number> {
    const [, tally] = keysOf(shard);
    const [received = 0, settled = 0] = (await this.#redis.hmget(tally, "received", "settled")).map(Number);
    return received - settled;
  }

  async #tallyOf(shard: number): Promise<ShardTally> {
    const [key, tally] = keysOf(shard);
    try {
      const streamId = await this.#streamIdOf(shard);
      // One transaction, so that an empty stream and its count belong together.
      const answers = await this.#redis.multi().hmget(tally, "received", "settled").xlen(key).exec();
      const [counts, entries] = (answers ?? []).map(([error, answer]) => {
        if (error !== null) throw error;
        return answer;
      });
      const [received, settled] = (Array.isArray(counts) ? counts : []).map(Number);
      return {
        shard,
        streamId,
        received: received ?? 0,
        promised: received ?? 0,
        settled: settled ?? 0,
        entries: Number(entries),
      };
    } catch (cause) {
      throw redisFailure(`count what went through ${key}`, cause);
    }
  }

  /** Given when it is first asked for, and gone with everything else when the server loses its data. */
  async #streamIdOf(shard: number): Promise<string> {
    const [, tally] = keysOf(shard);
    try {
      await this.#redis.hsetnx(tally, "stream", randomUUID());
      return String(await this.#redis.hget(tally, "stream"));
    } catch (cause) {
      throw redisFailure(`ask which stream shard ${shard} is`, cause);
    }
  }
}

function newNumbering(): { origin: string; sequence: number } {
  return { origin: randomUUID(), sequence: 0 };
}

/** How much of the memory it may use a server uses; 0 when it has no limit. */
function memoryShare(info: string): number {
  const value = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  const most = value("maxmemory");
  return most === 0 ? 0 : value("used_memory") / most;
}

class RedisShardReader implements ShardReader {
  readonly streamId: string;
  readonly #keys: [stream: string, tally: string];
  readonly #redis: RedisClient;
  /** Of its own, since a blocked XREAD keeps its connection to itself. */
  readonly #reading: RedisClient;
  /** The last id handed out. An answer lost on the way does not move it, so the next read asks for the same entries. */
  #lastId = "0-0";
  /** Handed out and not acknowledged. */
  readonly #inHand = new Set<string>();
  #isClosed = false;

  constructor(shard: number, streamId: string, connections: { redis: RedisClient; reading: RedisClient }) {
    this.streamId = streamId;
    this.#keys = keysOf(shard);
    this.#redis = connections.redis;
    this.#reading = connections.reading;
  }

  async next(maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]> {
    if (this.#isClosed) return [];
    const entries = readable(await this.#read(maxEntries, waitMs));
    this.#lastId = entries.at(-1)?.id ?? this.#lastId;
    for (const { id } of entries) this.#inHand.add(id);
    return entries;
  }

  async #read(maxEntries: number, waitMs: number): Promise<readonly unknown[]> {
    const [key] = this.#keys;
    // BLOCK 0 would wait for ever.
    const block = Math.max(1, Math.round(waitMs));
    try {
      const asked = this.#reading.xreadBuffer(
        "COUNT",
        maxEntries,
        "BLOCK",
        block,
        "STREAMS",
        key,
        this.#lastId,
      );
      const entries = entriesOf(await answered(this.#reading, block, asked));
      if (entries.length === 0) this.#lastId = await this.#whereToGoOn();
      return entries;
    } catch (cause) {
      if (this.#isClosed) return [];
      throw redisFailure(`read ${key}`, cause);
    }
  }

  /**
   * After a failover to a Redis whose clock is behind, new entries can have ids before the last one. While nothing is in hand,
   * whatever the stream holds was not handed out yet, and is read from the beginning.
   */
  async #whereToGoOn(): Promise<string> {
    if (this.#inHand.size > 0) return this.#lastId;
    return (await this.#redis.xlen(this.#keys[0])) > 0 ? "0-0" : this.#lastId;
  }

  async acknowledge(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const counted = entries.flatMap(({ id, frame }) => [id, frame === null ? 0 : countOf(frame)]);
    try {
      await this.#redis.eval(settling, 2, ...this.#keys, ...counted);
      for (const { id } of entries) this.#inHand.delete(id);
    } catch (cause) {
      throw redisFailure(`acknowledge ${entries.length} entries of ${this.#keys[0]}`, cause);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#reading.disconnect();
    return Promise.resolve();
  }
}

/** The entries up to the first that a newer broker wrote; throws when that is the very first. */
function readable(items: readonly unknown[]): readonly StreamEntry[] {
  const entries: StreamEntry[] = [];
  for (const item of items) {
    try {
      entries.push(toEntry(item));
    } catch (error) {
      if (entries.length === 0) throw error;
      return entries;
    }
  }
  return entries;
}

/** @throws PlatformError FRAME_TOO_NEW */
function toEntry(item: unknown): StreamEntry {
  const [id, fields]: unknown[] = Array.isArray(item) ? item : [];
  // Asked for as bytes, every part of the answer is a Buffer.
  const parts = (Array.isArray(fields) ? fields : []) as readonly Buffer[];
  const place = parts.findIndex((part, index) => index % 2 === 0 && part.equals(fieldBytes));
  const raw = parts[place + 1];
  if (place === -1 || raw === undefined) {
    return { id: String(id), frame: null, raw: Buffer.from(JSON.stringify(parts.map(String))) };
  }
  try {
    return { id: String(id), frame: decodeFrame(raw), raw };
  } catch (error) {
    if (error instanceof PlatformError && error.code === "FRAME_UNREADABLE") {
      return { id: String(id), frame: null, raw };
    }
    throw error;
  }
}

const fieldBytes = Buffer.from(field);
