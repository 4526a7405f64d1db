import type { Redis } from "ioredis";
import { PlatformError } from "./errors.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import type { Frame, ReadingStream, ShardReader, StreamEntry } from "./ports.ts";
import { answered, connectRedis, entriesOf, redisFailure } from "./redis-connection.ts";
import type { Log } from "./telemetry.ts";

// The stream holds what is not acknowledged, and nothing else: an owner reads from its beginning on and deletes what is stored.
// No consumer group, because a group hands an entry to one reader only: one that a former owner took after it had lost its shard
// would never reach the new one. Read by both, it is written by the one who has the pen.
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
      const reading = await connectRedis(options.url, options.log, { blocking: true });
      return new RedisShardReader(keyOf(shard), redis, reading);
    },
    async lag() {
      try {
        return await Promise.all(
          Array.from({ length: options.shards }, (_, shard) => redis.xlen(keyOf(shard))),
        );
      } catch (cause) {
        throw redisFailure("ask for the lag", cause);
      }
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

class RedisShardReader implements ShardReader {
  readonly #key: string;
  readonly #redis: Redis;
  /** Of its own, since a blocked XREAD keeps its connection to itself. */
  readonly #reading: Redis;
  /** The last id handed out. An answer lost on the way does not move it, so the next read asks for the same entries. */
  #lastId = "0-0";
  /** Handed out and not acknowledged. */
  readonly #inHand = new Set<string>();
  #isClosed = false;

  constructor(key: string, redis: Redis, reading: Redis) {
    this.#key = key;
    this.#redis = redis;
    this.#reading = reading;
  }

  async next(maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]> {
    if (this.#isClosed) return [];
    try {
      // BLOCK 0 would wait for ever.
      const block = Math.max(1, Math.round(waitMs));
      const answer = await answered(
        this.#reading,
        block,
        this.#reading.xread("COUNT", maxEntries, "BLOCK", block, "STREAMS", this.#key, this.#lastId),
      );
      const entries = entriesOf(answer).map(toEntry);
      this.#lastId = entries.at(-1)?.id ?? (await this.#whereToGoOn());
      for (const { id } of entries) this.#inHand.add(id);
      return entries;
    } catch (cause) {
      if (this.#isClosed) return [];
      throw redisFailure(`read ${this.#key}`, cause);
    }
  }

  /**
   * After a failover to a Redis whose clock is behind, new entries can have ids before the last one. While nothing is in hand,
   * whatever the stream holds was not handed out yet, and is read from the beginning.
   */
  async #whereToGoOn(): Promise<string> {
    if (this.#inHand.size > 0) return this.#lastId;
    return (await this.#redis.xlen(this.#key)) > 0 ? "0-0" : this.#lastId;
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      await this.#redis.xdel(this.#key, ...ids);
      for (const id of ids) this.#inHand.delete(id);
    } catch (cause) {
      throw redisFailure(`acknowledge ${ids.length} entries of ${this.#key}`, cause);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#reading.disconnect();
    return Promise.resolve();
  }
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
