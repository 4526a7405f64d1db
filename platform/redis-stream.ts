import type { Redis } from "ioredis";
import { PlatformError } from "./errors.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import type { Frame, ReadingStream, ShardReader, StreamEntry } from "./ports.ts";
import { connectRedis, redisFailure } from "./redis-connection.ts";
import type { Log } from "./telemetry.ts";

// One group and one consumer name for good: whoever owns a shard reads as this consumer, so what a dead owner left
// pending is simply its own and needs no XAUTOCLAIM, no idle time, no clock.
const group = "processors";
const consumer = "owner";
const field = "frame";

/** The braces make the shard a Redis Cluster hash tag, so a shard lives on one node. */
function keyOf(shard: number): string {
  return `readings:{${shard}}`;
}

/**
 * Opens the stream on Redis: an append resolves when XADD was answered, which is as durable as the server's `appendfsync`.
 * @throws PlatformError STREAM_DOWN when Redis cannot be reached.
 */
export async function openRedisStream(options: {
  url: string;
  shards: number;
  log: Log;
}): Promise<ReadingStream> {
  const redis = await connectRedis(options.url, options.log, { blocking: false });
  return {
    async append(shard: number, frame: Frame) {
      try {
        await redis.xadd(keyOf(shard), "*", field, encodeFrame(frame));
      } catch (cause) {
        throw redisFailure(`add ${frame.readings.length} readings to ${keyOf(shard)}`, cause);
      }
    },
    async openShard(shard: number) {
      await createGroup(redis, shard);
      const reading = await connectRedis(options.url, options.log, { blocking: true });
      return new RedisShardReader(shard, redis, reading);
    },
    lag() {
      return Promise.all(Array.from({ length: options.shards }, (_, shard) => lagOf(redis, shard)));
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

async function createGroup(redis: Redis, shard: number): Promise<void> {
  try {
    await redis.xgroup("CREATE", keyOf(shard), group, "0", "MKSTREAM");
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith("BUSYGROUP")) return;
    throw redisFailure(`create the consumer group of ${keyOf(shard)}`, cause);
  }
}

class RedisShardReader implements ShardReader {
  readonly #shard: number;
  readonly #redis: Redis;
  /** Of its own, since a blocked XREADGROUP keeps its connection to itself. */
  readonly #reading: Redis;
  /** The last id handed out: pending entries after it were never seen by this owner. */
  #lastId = "0";
  #isCatchingUp = true;
  #isClosed = false;

  constructor(shard: number, redis: Redis, reading: Redis) {
    this.#shard = shard;
    this.#redis = redis;
    this.#reading = reading;
  }

  async next(maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]> {
    if (this.#isClosed) return [];
    try {
      if (this.#isCatchingUp) {
        const left = await this.#read(maxEntries, waitMs, this.#lastId);
        if (left.length > 0) return left;
        this.#isCatchingUp = false;
      }
      return await this.#read(maxEntries, waitMs, ">");
    } catch (cause) {
      // The answer may have been lost on the way: those entries are pending now, and the next call asks for them.
      this.#isCatchingUp = true;
      if (this.#isClosed) return [];
      if (cause instanceof Error && cause.message.startsWith("NOGROUP"))
        await createGroup(this.#redis, this.#shard);
      throw redisFailure(`read ${keyOf(this.#shard)}`, cause);
    }
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    const last = ids.at(-1);
    if (last === undefined) return;
    const key = keyOf(this.#shard);
    try {
      // Entries are acknowledged in order by the one owner, so everything before the last one can go. "~" frees whole nodes
      // only, which costs nothing; a node holds about a hundred entries.
      await Promise.all([this.#redis.xack(key, group, ...ids), this.#redis.xtrim(key, "MINID", "~", last)]);
    } catch (cause) {
      throw redisFailure(`acknowledge ${ids.length} entries of ${key}`, cause);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#reading.disconnect();
    return Promise.resolve();
  }

  async #read(maxEntries: number, waitMs: number, from: string): Promise<readonly StreamEntry[]> {
    const key = keyOf(this.#shard);
    // BLOCK is ignored where the id is not ">"; BLOCK 0 would wait for ever.
    const answer = await this.#reading.xreadgroup(
      "GROUP",
      group,
      consumer,
      "COUNT",
      maxEntries,
      "BLOCK",
      Math.max(1, waitMs),
      "STREAMS",
      key,
      from,
    );
    const entries = entriesOf(answer);
    const last = entries.at(-1);
    if (last !== undefined) this.#lastId = last.id;
    return entries;
  }
}

/** RESP2 answers `[[key, entries]]`; RESP3, which this client speaks, a map that arrives as `[key, entries]` or an object. */
function entriesOf(answer: unknown): StreamEntry[] {
  if (answer === null || answer === undefined) return [];
  const streams = Array.isArray(answer) ? answer : Object.entries(answer);
  const [first, second] = streams;
  const list: unknown = Array.isArray(first) ? first[1] : second;
  if (!Array.isArray(list)) return [];
  return list.map(toEntry);
}

function toEntry(item: unknown): StreamEntry {
  const [id, fields]: unknown[] = Array.isArray(item) ? item : [];
  const pairs: unknown[] = Array.isArray(fields) ? fields : [];
  const place = pairs.indexOf(field);
  const raw = String(place === -1 ? JSON.stringify(pairs) : (pairs[place + 1] ?? ""));
  try {
    return { id: String(id), frame: decodeFrame(raw), raw };
  } catch (error) {
    if (error instanceof PlatformError) return { id: String(id), frame: null, raw };
    throw error;
  }
}

async function lagOf(redis: Redis, shard: number): Promise<number> {
  const groups = await redis.xinfo("GROUPS", keyOf(shard)).catch((cause: unknown) => {
    // Nobody has written to this shard yet.
    if (cause instanceof Error && /no such key/i.test(cause.message)) return [];
    throw redisFailure(`ask for the lag of ${keyOf(shard)}`, cause);
  });
  // A shard that never had an owner has no group yet, and every entry of it still to go.
  if (!Array.isArray(groups) || groups.length === 0) return redis.xlen(keyOf(shard));
  return groups
    .map(fieldsOf)
    .reduce((sum, fields) => sum + numberIn(fields, "pending") + numberIn(fields, "lag"), 0);
}

function fieldsOf(entry: unknown): ReadonlyMap<string, unknown> {
  if (entry instanceof Map) return entry;
  if (!Array.isArray(entry)) return new Map(Object.entries(entry ?? {}));
  const fields = new Map<string, unknown>();
  for (let index = 0; index < entry.length; index += 2) fields.set(String(entry[index]), entry[index + 1]);
  return fields;
}

function numberIn(fields: ReadonlyMap<string, unknown>, name: string): number {
  const value = Number(fields.get(name) ?? 0);
  return Number.isFinite(value) ? value : 0;
}
