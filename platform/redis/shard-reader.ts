import { PlatformError } from "../errors.ts";
import type { ShardReader, StreamEntry } from "../ports.ts";
import { countOf, decodeFrame } from "../readings/frame.ts";
import { answered, entriesOf, type RedisClient, redisFailure } from "./connection.ts";

// The stream holds what is not acknowledged, and nothing else: an owner reads from its beginning on and deletes what is stored.
// No consumer group, because a group hands an entry to one reader only: one that a former owner took after it had lost its shard
// would never reach the new one. Read by both, it is written by the one who has the pen.

/** The field of an entry that has the frame. */
export const frameField = "frame";

/** Where a shard and its count lie: the braces make the shard a Redis Cluster hash tag, so both are on one node. */
export function keysOf(shard: number): [stream: string, tally: string] {
  return [`readings:{${shard}}`, `tally:{${shard}}`];
}

// Deleting is what makes room, so it must go on when the server is full. Only what was still there counts.
const settling = `#!lua flags=allow-oom
if redis.call('HGET', KEYS[2], 'stream') ~= ARGV[1] then return 0 end
local settled = 0
for place = 2, #ARGV, 2 do
  if redis.call('XDEL', KEYS[1], ARGV[place]) == 1 then settled = settled + ARGV[place + 1] end
end
redis.call('HINCRBY', KEYS[2], 'settled', string.format('%d', settled))
return 1`;

/** One shard of the stream, for its owner. */
export class RedisShardReader implements ShardReader {
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
    const what = `acknowledge ${entries.length} entries of ${this.#keys[0]}`;
    const isDone = await this.#redis
      .eval(settling, 2, ...this.#keys, this.streamId, ...counted)
      .catch((cause: unknown) => {
        throw redisFailure(what, cause);
      });
    if (Number(isDone) !== 1) {
      const message = `cannot ${what}: Redis has lost its data, this is another stream now`;
      throw new PlatformError("STREAM_REPLACED", message, { retryable: false });
    }
    for (const { id } of entries) this.#inHand.delete(id);
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

/**
 * What an item in the answer to XREAD or XRANGE is.
 * @throws PlatformError FRAME_TOO_NEW
 */
export function toEntry(item: unknown): StreamEntry {
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

const fieldBytes = Buffer.from(frameField);
