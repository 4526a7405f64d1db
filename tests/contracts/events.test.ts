import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openMemoryEvents } from "../../platform/memory-events.ts";
import type { EventStream, Running } from "../../platform/ports.ts";
import { openRedisEvents } from "../../platform/redis-events.ts";
import type { LiveReadings, NumberedEvent, PlatformEvent } from "../../schema/event.ts";
import { createRedis, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { retrying, silent, startUs } from "./samples.ts";

const url = `${inject("redisUrl")}/2`;
const admin = new Redis(url);
afterAll(() => admin.disconnect());

const capacity = 200;
const adapters = [
  {
    name: "in memory",
    open: () => Promise.resolve(openMemoryEvents({ capacity, startedMs: Date.now() })),
  },
  { name: "on Redis", open: () => openRedisEvents({ url, log: silent, capacity }) },
];

const isOrdered = (ids: readonly string[]): boolean =>
  ids.every((id, place) => place === 0 || compare(ids[place - 1] ?? "", id) < 0);

function compare(a: string, b: string): number {
  const [aMs = 0, aPlace = 0] = a.split("-").map(Number);
  const [bMs = 0, bPlace = 0] = b.split("-").map(Number);
  return aMs === bMs ? aPlace - bPlace : aMs - bMs;
}

function silence(deviceId: string): PlatformEvent {
  return { kind: "device-inactive", deviceId, atUs: startUs };
}

const silences = (count: number): PlatformEvent[] =>
  Array.from({ length: count }, (_, place) => silence(`press-${place}`));

const anomaly: PlatformEvent = {
  kind: "anomaly",
  deviceId: "büro 3",
  sensorType: "__proto__",
  timestampUs: startUs,
  value: -0.5,
  score: 0.75,
  confidence: 0.5,
  modelVersion: "temperature@factory-1",
  sentence: "Temperature −0.5 °C; 19.5 to 24.5 is usual here.",
  expected: { low: 19.5, high: 24.5 },
};

/** A subscriber that keeps what it hears. */
interface Ear extends Running {
  readonly events: NumberedEvent[];
  readonly live: LiveReadings[];
}

// Pub/sub of a Redis knows no databases, and the other test files share this Redis: an ear hears its own device only.
const liveDevice = "events-contract";

async function listen(stream: EventStream): Promise<Ear> {
  const events: NumberedEvent[] = [];
  const live: LiveReadings[] = [];
  const running = await stream.subscribe({
    onEvent: (numbered) => events.push(numbered),
    onReadings: (batch) => live.push(...batch.filter(({ deviceId }) => deviceId === liveDevice)),
  });
  return { events, live, stop: () => running.stop() };
}

const liveReadings = (value: number): LiveReadings => ({
  deviceId: liveDevice,
  readings: [["temperature", startUs, value, 0.25, 1]],
});

const heard = (ear: Ear, count: number): Promise<void> =>
  until(`${count} events were heard`, () => ear.events.length >= count, { withinMs: 10_000, everyMs: 5 });

describe.each(adapters)("events $name", ({ open }) => {
  let events: EventStream;
  const ears: Ear[] = [];

  async function listening(stream = events): Promise<Ear> {
    const ear = await listen(stream);
    ears.push(ear);
    return ear;
  }

  beforeEach(async () => {
    await admin.flushdb();
    events = await open();
  });
  afterEach(async () => {
    await Promise.all(ears.splice(0).map((ear) => ear.stop()));
    await events.close();
  });

  test("what is published reaches every subscriber in order, with growing ids", async () => {
    const [first, second] = [await listening(), await listening()];
    const published = [anomaly, ...silences(50)];
    await events.publish(published.slice(0, 20));
    await events.publish(published.slice(20));
    for (const ear of [first, second]) {
      await heard(ear, published.length);
      expect(ear.events.map(({ event }) => event)).toEqual(published);
      expect(isOrdered(ear.events.map(({ id }) => id))).toBe(true);
    }
  });

  test("a subscriber hears nothing from before its time, nor from after its stop", async () => {
    await events.publish([silence("before")]);
    const [stopped, witness] = [await listening(), await listening()];
    await events.publish([silence("during")]);
    await Promise.all([heard(stopped, 1), heard(witness, 1)]);
    await stopped.stop();
    await events.publish([silence("after")]);
    await heard(witness, 2);
    expect(stopped.events.map(({ event }) => event.deviceId)).toEqual(["during"]);
    expect(witness.events.map(({ event }) => event.deviceId)).toEqual(["during", "after"]);
  });

  test("what came after an id is found again, oldest first and no more than asked for", async () => {
    const ear = await listening();
    await events.publish(silences(10));
    await heard(ear, 10);
    const id = ear.events[3]?.id ?? "";
    expect(await events.since(id, 100)).toEqual(ear.events.slice(4));
    expect(await events.since(id, 2)).toEqual(ear.events.slice(4, 6));
    expect(await events.since("0-0", 100)).toEqual(ear.events);
    expect(await events.since(ear.events[9]?.id ?? "", 100)).toEqual([]);
  });

  test.each([
    "",
    "soon",
    "-",
    "+",
    "1",
    "1-",
    "-1-1",
    "1-1 COUNT 5",
    "18446744073709551615-18446744073709551615",
    `${"9".repeat(40)}-0`,
  ])("after the id %o there is nothing", async (id) => {
    await events.publish([silence("press-01")]);
    const found = await events.since(id, 100);
    expect(found).toEqual([]);
  });

  test("the newest id is that of the event published last", async () => {
    expect(await events.newestId()).toBeNull();
    const ear = await listening();
    await events.publish(silences(3));
    await heard(ear, 3);
    expect(await events.newestId()).toBe(ear.events[2]?.id);
  });

  test("publishing nothing changes nothing", async () => {
    await events.publish([]);
    expect(await events.newestId()).toBeNull();
  });

  test("live readings reach every subscriber and are not kept", async () => {
    const [first, second] = [await listening(), await listening()];
    events.broadcast([liveReadings(1), liveReadings(2)]);
    events.broadcast([liveReadings(3)]);
    const sent = [liveReadings(1), liveReadings(2), liveReadings(3)];
    for (const ear of [first, second]) {
      await until("the live readings were heard", () => ear.live.length >= sent.length);
      expect(ear.live).toEqual(sent);
      expect(ear.events).toEqual([]);
    }
    expect(await events.since("0-0", 100)).toEqual([]);
    const late = await listening();
    events.broadcast([liveReadings(4)]);
    await until("the late subscriber hears", () => late.live.length > 0);
    expect(late.live).toEqual([liveReadings(4)]);
  });

  test("only so many events are kept, the newest", async () => {
    await events.publish(silences(1000));
    const kept = await events.since("0-0", 5000);
    expect(kept.length).toBeGreaterThanOrEqual(capacity);
    // Redis frees whole nodes of a hundred entries.
    expect(kept.length).toBeLessThanOrEqual(capacity + 100);
    expect(kept.at(-1)?.event.deviceId).toBe("press-999");
    expect(kept.at(-1)?.id).toBe(await events.newestId());
  });

  test("ids go on growing after a restart", async () => {
    await events.publish(silences(3));
    const before = (await events.newestId()) ?? "";
    await events.close();
    await until("a millisecond has passed", () => Date.now() > Number(before.split("-")[0]), { everyMs: 1 });
    events = await open();
    await events.publish([silence("press-01")]);
    expect(compare(before, (await events.newestId()) ?? "")).toBeLessThan(0);
    expect((await events.since(before, 10)).map(({ event }) => event.deviceId)).toEqual(["press-01"]);
  });
});

describe("events on Redis", () => {
  const folder = temporaryFolder("redis");
  let server: LocalServer;

  beforeAll(async () => {
    server = await createRedis(folder);
    await server.start();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("two processes hear each other", async () => {
    const one = await openRedisEvents({ url: server.url, log: silent });
    const other = await openRedisEvents({ url: server.url, log: silent });
    const [first, second] = [await listen(one), await listen(other)];
    await one.publish([silence("from one")]);
    await heard(second, 1);
    await other.publish([silence("from the other")]);
    other.broadcast([liveReadings(1)]);
    await Promise.all([heard(first, 2), heard(second, 2)]);
    expect(first.events).toEqual(second.events);
    expect(first.events.map(({ event }) => event.deviceId)).toEqual(["from one", "from the other"]);
    await until("the live readings cross", () => first.live.length === 1 && second.live.length === 1);
    await Promise.all([first, second].map((ear) => ear.stop()));
    await Promise.all([one, other].map((events) => events.close()));
  });

  test("a subscriber outlives a restart of Redis and misses no event", async () => {
    const events = await openRedisEvents({ url: server.url, log: silent });
    const ear = await listen(events);
    await events.publish([silence("before")]);
    await heard(ear, 1);
    await server.stop();
    const down = { code: "STREAM_DOWN", retryable: true };
    await expect(events.publish([silence("lost")])).rejects.toMatchObject(down);
    await expect(events.newestId()).rejects.toMatchObject(down);
    await expect(events.since("0-0", 10)).rejects.toMatchObject(down);
    expect(() => events.broadcast([liveReadings(1)])).not.toThrow();
    await server.start();
    await retrying(() => events.publish([silence("after")]));
    await heard(ear, 2);
    expect(ear.events.map(({ event }) => event.deviceId)).toEqual(["before", "after"]);
    await until("live readings arrive again", () => {
      events.broadcast([liveReadings(2)]);
      return ear.live.length > 0;
    });
    await ear.stop();
    await events.close();
  });

  test("an entry that the platform did not write is passed over", async () => {
    const intruder = new Redis(server.url);
    intruder.on("error", () => undefined);
    const events = await openRedisEvents({ url: server.url, log: silent });
    const ear = await listen(events);
    const before = (await events.newestId()) ?? "0-0";
    await intruder.xadd("events", "*", "event", "not JSON");
    await events.publish([silence("after")]);
    await heard(ear, 1);
    expect(ear.events.map(({ event }) => event.deviceId)).toEqual(["after"]);
    expect(await events.since(before, 10)).toEqual(ear.events);
    intruder.disconnect();
    await ear.stop();
    await events.close();
  });
});
