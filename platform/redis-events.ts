import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { LiveReadings, NumberedEvent, PlatformEvent } from "../schema/event.ts";
import { messageOf } from "./errors.ts";
import type { EventListener, EventStream, Running } from "./ports.ts";
import { answered, connectRedis, entriesOf, redisFailure } from "./redis-connection.ts";
import type { Log } from "./telemetry.ts";

const eventsKey = "events";
const liveChannel = "live";
const field = "event";
const blockMs = 5000;

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
  return {
    async publish(events: readonly PlatformEvent[]) {
      if (events.length === 0) return;
      const pipeline = redis.pipeline();
      for (const event of events) {
        pipeline.xadd(eventsKey, "MAXLEN", "~", capacity, "*", field, JSON.stringify(event));
      }
      const answers = await pipeline.exec().catch((cause: unknown) => {
        throw redisFailure(`publish ${events.length} events`, cause);
      });
      const failed = answers?.find(([error]) => error !== null);
      if (failed !== undefined) throw redisFailure(`publish ${events.length} events`, failed[0]);
    },
    recover: () => Promise.resolve(),
    broadcast(batch: readonly LiveReadings[]) {
      // Best effort by contract: a chart misses a point, the history has it.
      redis.publish(liveChannel, JSON.stringify(batch)).catch((error: unknown) => {
        log.debug({ reason: messageOf(error) }, "live readings not sent");
      });
    },
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

async function newestId(redis: Redis): Promise<string | null> {
  const [newest] = await redis.xrevrange(eventsKey, "+", "-", "COUNT", 1).catch((cause: unknown) => {
    throw redisFailure("ask for the newest event", cause);
  });
  return newest?.[0] ?? null;
}

interface SubscribeOptions {
  readonly url: string;
  readonly log: Log;
  readonly redis: Redis;
  readonly listener: EventListener;
}

async function subscribe({ url, log, redis, listener }: SubscribeOptions): Promise<Running> {
  const live = await connectRedis(url, log, { blocking: true });
  live.on("message", (_channel: string, text: string) => {
    // Only processors of this platform publish on this channel.
    listener.onReadings(JSON.parse(text) as readonly LiveReadings[]);
  });
  await live.subscribe(liveChannel);
  const reading = await connectRedis(url, log, { blocking: true });
  const from = (await newestId(redis)) ?? "0-0";
  const stopped = new AbortController();
  const following = follow({ reading, log, listener, from, signal: stopped.signal });
  return {
    async stop() {
      stopped.abort();
      reading.disconnect();
      live.disconnect();
      await following;
    },
  };
}

interface FollowOptions {
  readonly reading: Redis;
  readonly log: Log;
  readonly listener: EventListener;
  readonly from: string;
  readonly signal: AbortSignal;
}

async function follow({ reading, log, listener, from, signal }: FollowOptions): Promise<void> {
  let lastId = from;
  while (!signal.aborted) {
    try {
      for (const entry of await readAfter(reading, lastId)) {
        [lastId] = entry;
        for (const numbered of toNumbered(entry)) listener.onEvent(numbered);
      }
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ reason: messageOf(error) }, "events not read; trying again");
      await pause(500, undefined, { signal }).catch(() => undefined);
    }
  }
}

type Entry = readonly [id: string, fields: readonly string[]];

async function readAfter(reading: Redis, id: string): Promise<readonly Entry[]> {
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
