import { setTimeout as pause } from "node:timers/promises";
import type { Hint, LiveReadings, NumberedEvent, PlatformEvent } from "../../schema/event.ts";
import { messageOf } from "../errors.ts";
import type { EventListener, EventStream, Running } from "../ports.ts";
import type { Receipt } from "../readings/shard-batch.ts";
import type { Log } from "../telemetry.ts";
import { answered, connectRedis, entriesOf, type RedisClient, redisFailure } from "./connection.ts";

// Both keys have the hash slot of "events", so that one script on one node of a cluster may touch them together.
const eventsKey = "events";
const announcedKey = "announced:{events}";
const liveChannel = "live";
const hintChannel = "hints";
const field = "event";
const blockMs = 5000;

// Announcing goes on when Redis is full, since the acknowledgement that makes room comes after it; the cap bounds what it takes.
const announcing = `#!lua flags=allow-oom
local shard, custody, batch = ARGV[2], ARGV[3], ARGV[4]
if shard ~= '' then
  local said = redis.call('HGET', KEYS[2], shard)
  if said then
    local saidCustody, saidBatch = string.match(said, '^(.*):(%d+)$')
    if saidCustody == custody and tonumber(saidBatch) >= tonumber(batch) then return 0 end
  end
end
for place = 5, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[place])
end
if shard ~= '' then redis.call('HSET', KEYS[2], shard, custody .. ':' .. batch) end
return #ARGV - 4`;

// A cluster hears a PUBLISH on any node, and two nodes keep no order: the key takes all of them to one.
const broadcasting = "return redis.call('PUBLISH', ARGV[1], ARGV[2])";

/**
 * Opens the event stream on Redis: events in a capped stream that survives restarts, live readings over pub/sub.
 * @throws PlatformError STREAM_DOWN when Redis cannot be reached.
 */
export async function openRedisEvents(options: {
  url: string;
  log: Log;
  capacity?: number;
}): Promise<EventStream> {
  const { url, log } = options;
  const capacity = options.capacity ?? 10_000;
  const redis = await connectRedis(url, log, { blocking: false });
  const publish = async (events: readonly PlatformEvent[], receipt?: Receipt): Promise<void> => {
    if (events.length === 0) return;
    const named = receipt === undefined ? ["", "", ""] : [receipt.shard, receipt.custody, receipt.batch];
    const said = events.map((event) => JSON.stringify(event));
    await redis
      .eval(announcing, 2, eventsKey, announcedKey, capacity, ...named, ...said)
      .catch((cause: unknown) => {
        throw redisFailure(`publish ${events.length} events`, cause);
      });
  };
  // Best effort by contract: a chart misses a point, the history has it.
  const tell = (channel: string, what: unknown): void => {
    redis.eval(broadcasting, 1, eventsKey, channel, JSON.stringify(what)).catch((error: unknown) => {
      log.debug({ channel, reason: messageOf(error) }, "not said to whoever listens");
    });
  };
  return {
    publish,
    recover: publish,
    broadcast: (batch) => tell(liveChannel, batch),
    hint: (hint) => tell(hintChannel, hint),
    subscribe: (listener) => subscribe({ url, log, redis, listener }),
    async since(id, limit) {
      // 19 digits always fit in the 64 bits of either half; Redis answers a larger one with an error.
      if (!/^\d{1,19}-\d{1,19}$/.test(id)) return [];
      const entries = await redis.xrange(eventsKey, `(${id}`, "+", "COUNT", limit).catch((cause: unknown) => {
        throw redisFailure(`read the events after ${id}`, cause);
      });
      return entries.flatMap(toNumbered);
    },
    newestId: () => newestId(redis),
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

async function newestId(redis: RedisClient): Promise<string | null> {
  const [newest] = await redis.xrevrange(eventsKey, "+", "-", "COUNT", 1).catch((cause: unknown) => {
    throw redisFailure("ask for the newest event", cause);
  });
  return newest?.[0] ?? null;
}

interface SubscribeOptions {
  readonly url: string;
  readonly log: Log;
  readonly redis: RedisClient;
  readonly listener: EventListener;
}

async function subscribe({ url, log, redis, listener }: SubscribeOptions): Promise<Running> {
  const live = await hearLive({ url, log, redis, listener });
  const reading = await connectRedis(url, log, { blocking: true, near: redis });
  const from = (await newestId(redis)) ?? "0-0";
  const stopped = new AbortController();
  const following = follow({ redis, reading, log, listener, from, signal: stopped.signal });
  return {
    async stop() {
      stopped.abort();
      reading.disconnect();
      live?.disconnect();
      await following;
    },
  };
}

/** Hears what is kept nowhere, as far as the listener has use for it. */
async function hearLive({ url, log, redis, listener }: SubscribeOptions): Promise<RedisClient | undefined> {
  // Only processes of this platform publish on these channels.
  const hear: Record<string, (text: string) => void> = {
    [liveChannel]: (text) => listener.onReadings?.(JSON.parse(text) as readonly LiveReadings[]),
    [hintChannel]: (text) => listener.onHint?.(JSON.parse(text) as Hint),
  };
  const channels = [
    ...(listener.onReadings === undefined ? [] : [liveChannel]),
    ...(listener.onHint === undefined ? [] : [hintChannel]),
  ];
  if (channels.length === 0) return undefined;
  const live = await connectRedis(url, log, { blocking: false, near: redis });
  live.on("message", (channel: string, text: string) => {
    try {
      hear[channel]?.(text);
    } catch (error) {
      // Anybody on this Redis can publish here; what is none of ours must not end the process.
      log.debug({ channel, reason: messageOf(error) }, "something that is no news is passed over");
    }
  });
  await live.subscribe(...channels).catch((cause: unknown) => {
    live.disconnect();
    throw redisFailure(`hear ${channels.join(" and ")}`, cause);
  });
  return live;
}

interface FollowOptions {
  readonly redis: RedisClient;
  readonly reading: RedisClient;
  readonly log: Log;
  readonly listener: EventListener;
  readonly from: string;
  readonly signal: AbortSignal;
}

async function follow({ redis, reading, log, listener, from, signal }: FollowOptions): Promise<void> {
  let lastId = from;
  while (!signal.aborted) {
    try {
      const entries = await readAfter(reading, lastId);
      for (const entry of entries) {
        [lastId] = entry;
        for (const numbered of toNumbered(entry)) listener.onEvent(numbered);
      }
      if (entries.length === 0) lastId = await whereToGoOn(redis, lastId);
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ reason: messageOf(error) }, "events not read; trying again");
      await pause(500, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A Redis that lost its data, and whose clock is behind, gives new events ids before the last one: what it has is all new then. */
async function whereToGoOn(redis: RedisClient, lastId: string): Promise<string> {
  const newest = await newestId(redis);
  return newest === null || isBefore(newest, lastId) ? "0-0" : lastId;
}

function isBefore(id: string, other: string): boolean {
  const [ms = 0, number = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split("-").map(Number);
  return ms < otherMs || (ms === otherMs && number < otherNumber);
}

type Entry = readonly [id: string, fields: readonly string[]];

async function readAfter(reading: RedisClient, id: string): Promise<readonly Entry[]> {
  const asked = reading.xread("COUNT", 500, "BLOCK", blockMs, "STREAMS", eventsKey, id);
  // Entries of a stream are pairs of an id and a flat list of fields.
  return entriesOf(await answered(reading, blockMs, asked)) as readonly Entry[];
}

/** The event of an entry; none when something else than this platform wrote it, so that it holds nobody up. */
function toNumbered([id, fields]: Entry): NumberedEvent[] {
  try {
    // Only processors of this platform write JSON to this stream.
    return [{ id, event: JSON.parse(fields[fields.indexOf(field) + 1] ?? "") as PlatformEvent }];
  } catch {
    return [];
  }
}
