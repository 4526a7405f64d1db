import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openMemoryEvents } from "../../platform/memory/events.ts";
import type { EventStream } from "../../platform/ports.ts";
import type { Receipt } from "../../platform/readings/shard-batch.ts";
import type { PlatformEvent } from "../../schema/event.ts";
import { until } from "../harness/local-servers.ts";
import { type RedisCluster, startRedisCluster } from "../harness/redis-cluster.ts";
import {
  capacity,
  type Ear,
  eventAdapters,
  heard,
  hintOf,
  listen,
  liveReadings,
  silence,
  silences,
  subjectOf,
} from "./event-samples.ts";
import { startUs } from "./samples.ts";

const url = `${inject("redisUrl")}/2`;
const admin = new Redis(url);
afterAll(() => admin.disconnect());

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster.stop());

const isOrdered = (ids: readonly string[]): boolean =>
  ids.every((id, place) => place === 0 || compare(ids[place - 1] ?? "", id) < 0);

function compare(a: string, b: string): number {
  const [aMs = 0, aPlace = 0] = a.split("-").map(Number);
  const [bMs = 0, bPlace = 0] = b.split("-").map(Number);
  return aMs === bMs ? aPlace - bPlace : aMs - bMs;
}

const anomaly: PlatformEvent = {
  kind: "anomaly",
  deviceId: "büro 3",
  sensorType: "__proto__",
  timestampUs: startUs,
  value: -0.5,
  score: 0.75,
  confidence: 0.5,
  modelVersion: "temperature@factory-2",
  ...{ severity: "minor", shares: { jump: 0.75 }, sensors: ["__proto__"], learning: null },
  sentence: "Temperature −0.5 °C; 19.5 to 24.5 is usual here.",
  expected: { low: 19.5, high: 24.5 },
};

const adapters = eventAdapters(
  () => url,
  () => cluster.url,
);

describe.each(adapters)("events $name", ({ open }) => {
  let events: EventStream;
  const ears: Ear[] = [];

  async function listening(stream = events): Promise<Ear> {
    const ear = await listen(stream);
    ears.push(ear);
    return ear;
  }

  beforeEach(async () => {
    await Promise.all([admin.flushdb(), cluster.empty()]);
    events = await open();
  });
  afterEach(async () => {
    await Promise.all(ears.splice(0).map((ear) => ear.stop()));
    await events.close();
  });

  test("a listener without use for live readings hears the events", async () => {
    const ids: string[] = [];
    const running = await events.subscribe({ onEvent: (numbered) => ids.push(subjectOf(numbered)) });
    events.broadcast([liveReadings(1)]);
    await events.publish([silence("press-01")]);
    await until("the event was heard", () => ids.length > 0);
    await running.stop();
    expect(ids).toEqual(["press-01"]);
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
    expect(stopped.events.map(subjectOf)).toEqual(["during"]);
    expect(witness.events.map(subjectOf)).toEqual(["during", "after"]);
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

  test("hints reach every subscriber in order and are not kept, so they push no event out", async () => {
    const [first, second] = [await listening(), await listening()];
    await events.publish([anomaly]);
    const sent = Array.from({ length: capacity * 3 }, (_, place) => hintOf(place));
    for (const hint of sent) events.hint(hint);
    for (const ear of [first, second]) {
      await until("the hints were heard", () => ear.hints.length >= sent.length);
      expect(ear.hints).toEqual(sent);
      expect(ear.live).toEqual([]);
    }
    expect((await events.since("0-0", 100)).map(({ event }) => event)).toEqual([anomaly]);
  });

  test("only so many events are kept, the newest", async () => {
    await events.publish(silences(1000));
    const kept = await events.since("0-0", 5000);
    expect(kept.length).toBeGreaterThanOrEqual(capacity);
    // Redis frees whole nodes of a hundred entries.
    expect(kept.length).toBeLessThanOrEqual(capacity + 100);
    expect(kept.slice(-1).map(subjectOf)).toEqual(["press-999"]);
    expect(kept.at(-1)?.id).toBe(await events.newestId());
  });

  const batch = (number: number, custody = "first"): Receipt => ({ shard: 3, custody, batch: number });
  const said = async (): Promise<string[]> => (await events.since("0-0", 100)).map(subjectOf);

  test("a batch that is said again is published once", async () => {
    const ear = await listening();
    for (let time = 0; time < 3; time += 1) await events.publish([silence("1a"), silence("1b")], batch(1));
    await events.recover([silence("1a"), silence("1b")], batch(1));
    await events.publish([silence("2")], batch(2));
    await heard(ear, 3);
    expect(await said()).toEqual(["1a", "1b", "2"]);
    expect(ear.events.map(subjectOf)).toEqual(["1a", "1b", "2"]);
  });

  test("what a processor says after another said a later batch is ignored", async () => {
    await events.publish([silence("9")], batch(9));
    await events.publish([silence("10")], batch(10));
    await events.publish([silence("9")], batch(9));
    await events.recover([silence("2")], batch(2));
    expect(await said()).toEqual(["9", "10"]);
  });

  test("batches of another custody or shard, and events without a receipt, are published", async () => {
    await events.publish([silence("first")], batch(7));
    await events.publish([silence("second")], batch(1, "second:7"));
    await events.publish([silence("second")], batch(1, "second:7"));
    await events.publish([silence("shard 4")], { ...batch(1, "second:7"), shard: 4 });
    for (let time = 0; time < 2; time += 1) await events.publish([silence("no receipt")]);
    expect(await said()).toEqual(["first", "second", "shard 4", "no receipt", "no receipt"]);
  });

  test("a batch left unsaid is recovered once", async () => {
    await events.publish([silence("1")], batch(1));
    for (let time = 0; time < 2; time += 1) await events.recover([silence("2")], batch(2));
    await events.publish([silence("2")], batch(2));
    expect(await said()).toEqual(["1", "2"]);
  });

  test("ids go on growing after a restart", async () => {
    await events.publish(silences(3));
    const before = (await events.newestId()) ?? "";
    await events.close();
    await until("a millisecond has passed", () => Date.now() > Number(before.split("-")[0]), { everyMs: 1 });
    events = await open();
    await events.publish([silence("press-01")]);
    expect(compare(before, (await events.newestId()) ?? "")).toBeLessThan(0);
    expect((await events.since(before, 10)).map(subjectOf)).toEqual(["press-01"]);
  });
});

test("in memory, nothing is recovered of what was said before this process began", async () => {
  const events = openMemoryEvents({ startedMs: Date.now() });
  const receipt = { shard: 0, custody: "first", batch: 5 };
  await events.recover([silence("1")], receipt);
  await events.publish([silence("2")], { ...receipt, custody: "second" });
  await events.recover([silence("1")], { ...receipt, batch: 6 });
  expect((await events.since("0-0", 10)).map(subjectOf)).toEqual(["2"]);
});
