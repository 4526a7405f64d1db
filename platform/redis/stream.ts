import { randomUUID } from "node:crypto";
import type { ShardTally } from "../../schema/ledger.ts";
import { PlatformError } from "../errors.ts";
import type { FrameContent, ReadingStream, ShardReader, StreamEntry } from "../ports.ts";
import { countOf, encodeFrame } from "../readings/frame.ts";
import type { Log } from "../telemetry.ts";
import { connectRedis, mastersOf, type RedisClient, redisFailure, writeTogether } from "./connection.ts";
import { frameField, keysOf, RedisShardReader, toEntry } from "./shard-reader.ts";

// EVAL, not EVALSHA: a script that the server has forgotten is sent again after the frames behind it, which would change their order.
// XADD comes first, so a server that is full refuses before anything is counted.
const appending = `redis.call('XADD', KEYS[1], '*', '${frameField}', ARGV[1])
redis.call('HINCRBY', KEYS[2], 'received', ARGV[2])`;

// In one step, so that an empty stream and its count belong together. The stream's id is given when it is first asked for, and gone
// with everything else when the server loses its data. None of this may be refused by a server that is full.
const counting = `#!lua flags=allow-oom
redis.call('HSETNX', KEYS[2], 'stream', ARGV[1])
local counts = redis.call('HMGET', KEYS[2], 'stream', 'received', 'settled')
return {counts[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), counts[2] or '0', counts[3] or '0',
  redis.call('XLEN', KEYS[1])}`;

// What somebody deletes or trims is received and never settled, which the ledger is to see; it waits no longer. So an empty stream says
// from where on what waits is counted. In one step, as above.
const weighing = `#!lua flags=allow-oom
local counts = redis.call('HMGET', KEYS[2], 'received', 'settled', 'gone')
local waiting = (tonumber(counts[1]) or 0) - (tonumber(counts[2]) or 0)
local gone = tonumber(counts[3]) or 0
if redis.call('XLEN', KEYS[1]) > 0 then return waiting - gone end
if waiting ~= gone then redis.call('HSET', KEYS[2], 'gone', string.format('%d', waiting)) end
return 0`;

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
  readonly #numbering: Numbering[];

  constructor(redis: RedisClient, options: RedisStreamOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#numbering = Array.from({ length: options.shards }, newNumbering);
  }

  async append(shard: number, content: FrameContent): Promise<void> {
    const numbering = this.#numberingOf(shard);
    if (numbering === undefined) throw new RangeError(`shard ${shard} of ${this.#options.shards}`);
    numbering.sequence += 1;
    numbering.usedMs = performance.now();
    const { origin, sequence } = numbering;
    const frame = encodeFrame({ ...content, origin, sequence });
    writeTogether(this.#redis);
    try {
      await this.#redis.eval(appending, 2, ...keysOf(shard), frame, countOf(content));
    } catch (cause) {
      // It may have arrived, and what is sent over the next connection may arrive before it: that is another origin's.
      if (this.#numbering[shard] === numbering) this.#numbering[shard] = newNumbering();
      throw redisFailure(`add ${content.readings.length} readings to ${keysOf(shard)[0]}`, cause);
    }
  }

  /** A new one after a while of silence, for those that fell silent are forgotten. */
  #numberingOf(shard: number): Numbering | undefined {
    const numbering = this.#numbering[shard];
    if (numbering === undefined || performance.now() - numbering.usedMs < renewAfterMs) return numbering;
    this.#numbering[shard] = newNumbering();
    return this.#numbering[shard];
  }

  async openShard(shard: number): Promise<ShardReader> {
    const reading = await connectRedis(this.#options.url, this.#options.log, {
      blocking: true,
      near: this.#redis,
    });
    try {
      const { streamId } = await this.#tallyOf(shard);
      return new RedisShardReader(shard, streamId, { redis: this.#redis, reading });
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
    const shards = Array.from({ length: this.#options.shards }, (_, shard) => shard);
    // Of a cluster, the part that answers: a master that is away refuses by itself what is appended to it.
    const waiting = await answeredOf(shards.map((shard) => this.#waitingIn(shard)));
    const memory = await answeredOf(mastersOf(this.#redis).map((master) => master.info("memory")));
    const share = waiting.reduce((sum, count) => sum + count, 0) / this.#options.maxWaiting;
    return Math.max(share, ...memory.map(memoryShare));
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  async #waitingIn(shard: number): Promise<number> {
    return Number(await this.#redis.eval(weighing, 2, ...keysOf(shard)));
  }

  async #tallyOf(shard: number): Promise<ShardTally> {
    const keys = keysOf(shard);
    try {
      // The script answers two names and three numbers, in this order.
      const answer = (await this.#redis.eval(counting, 2, ...keys, randomUUID())) as readonly unknown[];
      const [streamId, server] = answer.map(String);
      const [received = 0, settled = 0, entries = 0] = answer.slice(2).map(Number);
      return {
        ...{ shard, streamId: streamId ?? "", server: server ?? "" },
        ...{ received, promised: received, settled, entries },
      };
    } catch (cause) {
      throw redisFailure(`count what went through ${keys[0]}`, cause);
    }
  }
}

/** How the frames of a shard are numbered. */
interface Numbering {
  readonly origin: string;
  sequence: number;
  usedMs: number;
}

// Well before a processor forgets an origin that is silent.
const renewAfterMs = 60_000;

function newNumbering(): Numbering {
  return { origin: randomUUID(), sequence: 0, usedMs: performance.now() };
}

/**
 * The answers there are.
 * @throws PlatformError STREAM_DOWN when there is none.
 */
async function answeredOf<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(asked);
  const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (answers.length === 0) throw redisFailure("ask how full Redis is", failure?.reason);
  return answers;
}

/** How much of the memory it may use a server uses; 0 when it has no limit. */
function memoryShare(info: string): number {
  const value = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  const most = value("maxmemory");
  return most === 0 ? 0 : value("used_memory") / most;
}
