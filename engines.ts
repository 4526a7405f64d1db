import type { BrokerCommons } from "./platform/broker-commons.ts";
import { openMemoryEvents } from "./platform/memory/events.ts";
import { openMemoryStream } from "./platform/memory/stream.ts";
import type { EventStream, ReadingStream } from "./platform/ports.ts";
import { openRedisCommons } from "./platform/redis/commons.ts";
import { openRedisEvents } from "./platform/redis/events.ts";
import { openRedisStream } from "./platform/redis/stream.ts";
import { openStores, type StoreDeps, type Stores } from "./stores.ts";

/** The engines under the services. Each is opened when a service first asks for it, and only then. */
export interface Engines {
  readonly stream: () => Promise<ReadingStream>;
  readonly events: () => Promise<EventStream>;
  /** What brokers share; undefined without Redis, where there is one broker. */
  readonly commons: () => Promise<BrokerCommons | undefined>;
  readonly stores: () => Promise<Stores>;
}

/** The engines that the configuration names: servers, or what does without them in this process. */
export function enginesOf(deps: StoreDeps): Engines {
  const { config, log, life } = deps;
  const { REDIS_URL: url, SHARDS: shards, MAX_WAITING_READINGS: maxWaiting } = config;
  const limits = {
    sessions: config.MAX_SESSIONS,
    expiryMs: config.SESSION_EXPIRY_HOURS * 3_600_000,
    queuedMessages: config.MAX_QUEUED_MESSAGES,
    queuedBytes: config.MAX_QUEUED_BYTES,
  };
  const openStream = () =>
    url === null ? openMemoryStream({ shards }) : openRedisStream({ url, shards, maxWaiting, log });
  const openEvents = () =>
    url === null ? openMemoryEvents({ startedMs: Date.now() }) : openRedisEvents({ url, log });
  const openCommons = async () => (url === null ? undefined : openRedisCommons({ url, limits, log }));
  return {
    stream: once(() => life.add("stream", openStream, (stream) => stream.close())),
    events: once(() => life.add("events", openEvents, (events) => events.close())),
    commons: once(() => life.add("commons", openCommons, (commons) => commons?.close())),
    stores: once(() => openStores(deps)),
  };
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
