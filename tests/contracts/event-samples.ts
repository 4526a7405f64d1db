import { openMemoryEvents } from "../../platform/memory/events.ts";
import type { EventStream, Running } from "../../platform/ports.ts";
import { openRedisEvents } from "../../platform/redis/events.ts";
import type { Hint, LiveReadings, NumberedEvent, PlatformEvent } from "../../schema/event.ts";
import { until } from "../harness/local-servers.ts";
import { silent, startUs } from "./samples.ts";

/** How many events the streams of a suite keep. */
export const capacity = 200;

/** Every adapter of the event stream; the Redis behind a URL may stand alone or be a node of a cluster. */
export function eventAdapters(redisUrl: () => string, clusterUrl: () => string) {
  const onRedis = (url: () => string) => () => openRedisEvents({ url: url(), log: silent, capacity });
  return [
    {
      name: "in memory",
      open: () => Promise.resolve(openMemoryEvents({ capacity, startedMs: Date.now() })),
    },
    { name: "on Redis", open: onRedis(redisUrl) },
    { name: "on a Redis Cluster", open: onRedis(clusterUrl) },
  ];
}

export function silence(deviceId: string): PlatformEvent {
  return { kind: "device-inactive", deviceId, atUs: startUs };
}

export const silences = (count: number): PlatformEvent[] =>
  Array.from({ length: count }, (_, place) => silence(`press-${place}`));

/** Whom an event is about. */
export function subjectOf({ event }: { event: PlatformEvent }): string {
  switch (event.kind) {
    case "access-changed":
      return event.principal;
    case "notification":
      return event.topic;
    default:
      return event.deviceId;
  }
}

/** A subscriber that keeps what it hears. */
export interface Ear extends Running {
  readonly events: NumberedEvent[];
  readonly live: LiveReadings[];
  readonly hints: Hint[];
}

// Pub/sub of a Redis knows no databases, and the other test files share this Redis: an ear hears its own device only.
const liveDevice = "events-contract";

export async function listen(stream: EventStream): Promise<Ear> {
  const events: NumberedEvent[] = [];
  const live: LiveReadings[] = [];
  const hints: Hint[] = [];
  const running = await stream.subscribe({
    onEvent: (numbered) => events.push(numbered),
    onReadings: (batch) => live.push(...batch.filter(({ deviceId }) => deviceId === liveDevice)),
    onHint: (hint) => {
      if (hint.kind === "command-queued" && hint.deviceId.startsWith(liveDevice)) hints.push(hint);
    },
  });
  return { events, live, hints, stop: () => running.stop() };
}

export const liveReadings = (value: number): LiveReadings => ({
  deviceId: liveDevice,
  readings: [["temperature", startUs, value, 0.25, 1]],
});

export const hintOf = (place: number): Hint => ({
  kind: "command-queued",
  deviceId: `${liveDevice} ${place}`,
});

export const heard = (ear: Ear, count: number): Promise<void> =>
  until(`${count} events were heard`, () => ear.events.length >= count, { withinMs: 10_000, everyMs: 5 });
