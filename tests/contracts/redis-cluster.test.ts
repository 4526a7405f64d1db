import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EventStream, ReadingStream, ShardReader } from "../../platform/ports.ts";
import { openRedisEvents } from "../../platform/redis/events.ts";
import { openRedisStream } from "../../platform/redis/stream.ts";
import { until } from "../harness/local-servers.ts";
import { type ClusterNode, type RedisCluster, startRedisCluster } from "../harness/redis-cluster.ts";
import { heard, listen, liveReadings, silence, subjectOf } from "./event-samples.ts";
import { frame, lagOf, retrying, silent, take, valuesOf } from "./samples.ts";

const shards = 8;
const allShards = Array.from({ length: shards }, (_, shard) => shard);
const keyOf = (shard: number): string => `readings:{${shard}}`;
const down = { code: "STREAM_DOWN", retryable: true };

let cluster: RedisCluster;
let owners: readonly ClusterNode[];
const closing: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  await cluster.empty();
  owners = await Promise.all(allShards.map((shard) => cluster.ownerOf(keyOf(shard))));
});
afterEach(async () => {
  for (const opened of closing.splice(0).reverse()) await opened.close();
});

function closed<T extends { close(): Promise<void> }>(opened: T): T {
  closing.push(opened);
  return opened;
}

async function openStream(url = cluster.url): Promise<ReadingStream> {
  return closed(await openRedisStream({ url, shards, maxWaiting: 1e6, log: silent }));
}

async function openShard(stream: ReadingStream, shard: number): Promise<ShardReader> {
  return closed(await stream.openShard(shard));
}

async function openEvents(url = cluster.url): Promise<EventStream> {
  return closed(await openRedisEvents({ url, log: silent }));
}

/** The shards whose stream this master has. */
const shardsOf = (node: ClusterNode): number[] => allShards.filter((shard) => owners[shard] === node);

async function whileKilled(node: ClusterNode, test: () => Promise<void>): Promise<void> {
  await node.server.stop("SIGKILL");
  try {
    await test();
  } finally {
    await node.server.start();
    await cluster.whole();
  }
}

test("the shards lie on several masters, and each takes and gives its own", async () => {
  const stream = await openStream();
  expect(new Set(owners).size).toBeGreaterThan(1);
  await Promise.all(allShards.map((shard) => stream.append(shard, frame(shard))));
  expect(await lagOf(stream)).toEqual(allShards.map(() => 1));
  for (const shard of allShards) {
    expect(await owners[shard]?.admin.xlen(keyOf(shard))).toBe(1);
    const reader = await openShard(stream, shard);
    const entries = await take(reader, 1);
    expect(valuesOf(entries)).toEqual([shard]);
    await reader.acknowledge(entries);
  }
  expect(await lagOf(stream)).toEqual(allShards.map(() => 0));
});

test("readers that wait on one master do not hold each other up", async () => {
  const stream = await openStream();
  const together = cluster.nodes.map(shardsOf).find((own) => own.length > 1) ?? [];
  expect(together.length).toBeGreaterThan(1);
  const readers = await Promise.all(together.map((shard) => openShard(stream, shard)));
  const waiting = readers.map((reader) => reader.next(10, 30_000));
  const node = owners[together[0] ?? 0];
  await until("all of them wait", async () =>
    String(await node?.admin.info("clients")).includes(`blocked_clients:${together.length}`),
  );
  for (const [place, shard] of [...together.entries()].reverse()) {
    await stream.append(shard, frame(shard));
    expect(valuesOf((await waiting[place]) ?? [])).toEqual([shard]);
  }
});

test("a node may be named by its name", async () => {
  const url = cluster.url.replace("127.0.0.1", "localhost");
  const stream = await openStream(url);
  await Promise.all(allShards.map((shard) => stream.append(shard, frame(shard))));
  const events = await openEvents(url);
  const ear = await listen(events);
  await events.publish([silence("press-01")]);
  events.broadcast([liveReadings(1)]);
  await heard(ear, 1);
  await until("the live readings were heard", () => ear.live.length === 1);
  await ear.stop();
});

test("a database that a cluster does not have is a fault of the settings", async () => {
  const opening = openRedisStream({ url: `${cluster.url}/2`, shards, maxWaiting: 1e6, log: silent });
  await expect(opening).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(opening).rejects.toThrow(/database 2/);
});

// The first one is what REDIS_URL names.
describe.each([0, 1, 2])("while master %i is killed", (place) => {
  test("its shards refuse for now, the others go on, and what was acknowledged is there afterwards", async () => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error("no such master");
    const stream = await openStream();
    const [lost, kept] = [shardsOf(node), allShards.filter((shard) => owners[shard] !== node)];
    await Promise.all(allShards.map((shard) => stream.append(shard, frame(1))));
    const readers = await Promise.all(lost.map((shard) => openShard(stream, shard)));
    for (const reader of readers) expect(valuesOf(await take(reader, 1))).toEqual([1]);
    const interrupted = readers.map((reader) => expect(reader.next(10, 30_000)).rejects.toMatchObject(down));
    await whileKilled(node, async () => {
      await Promise.all(interrupted);
      for (const shard of lost) await expect(stream.append(shard, frame(2))).rejects.toMatchObject(down);
      // Those who share the shards ask this first, and go on with the masters that are there.
      expect(await stream.fullness()).toBeLessThan(1);
      for (const shard of kept) {
        await retrying(() => stream.append(shard, frame(2)));
        expect(valuesOf(await take(await openShard(stream, shard), 2))).toEqual([1, 2]);
      }
      for (const shard of lost) await expect(stream.append(shard, frame(3))).rejects.toMatchObject(down);
    });
    for (const shard of lost) {
      await retrying(() => stream.append(shard, frame(4)));
      expect(valuesOf(await take(await openShard(stream, shard), 2))).toEqual([1, 4]);
    }
    for (const reader of readers) expect(valuesOf(await take(reader, 1))).toEqual([4]);
  });

  test("a subscriber hears events and live readings again when it is back", async () => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error("no such master");
    const events = await openEvents();
    const ear = await listen(events);
    await events.publish([silence("before")]);
    await heard(ear, 1);
    const hasEvents = (await cluster.ownerOf("events")) === node;
    await whileKilled(node, async () => {
      if (hasEvents) await expect(events.publish([silence("lost")])).rejects.toMatchObject(down);
    });
    await retrying(() => events.publish([silence("after")]));
    await heard(ear, 2);
    expect(ear.events.map(subjectOf)).toEqual(["before", "after"]);
    await until("live readings arrive again", () => {
      events.broadcast([liveReadings(1)]);
      return ear.live.length > 0;
    });
    await ear.stop();
  });
});

test("slots that move while brokers append and processors read lose and double nothing", async () => {
  const stream = await openStream();
  const shard = 3;
  const [slot, from] = [await cluster.slotOf(keyOf(shard)), await cluster.ownerOf(keyOf(shard))];
  const reader = await openShard(stream, shard);
  const seen: (number | null)[] = [];
  let appended = 0;
  let isMoving = true;
  let isAppending = true;
  const appending = (async () => {
    for (; isMoving; appended += 1) {
      // A command that is sent from node to node too often while a slot moves is refused, and was not carried out.
      await retrying(() => stream.append(shard, frame(appended)));
      await new Promise(setImmediate);
    }
  })().finally(() => {
    isAppending = false;
  });
  const reading = (async () => {
    while (isAppending || seen.length < appended) {
      const entries = await retrying(() => reader.next(50, 100));
      seen.push(...valuesOf(entries));
      await retrying(() => reader.acknowledge(entries));
    }
  })();
  const others = cluster.nodes.filter((node) => node !== from);
  try {
    for (const target of [...others, ...others, from]) {
      const before = seen.length;
      await until("some were read", () => seen.length > before, { everyMs: 5 });
      await cluster.moveSlot(slot, target);
    }
  } finally {
    isMoving = false;
  }
  await Promise.all([appending, reading]);
  expect(seen).toEqual(Array.from({ length: appended }, (_, value) => value));
  expect(await lagOf(stream)).toEqual(allShards.map(() => 0));
});
