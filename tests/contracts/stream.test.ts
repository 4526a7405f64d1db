import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openMemoryStream } from "../../platform/memory/stream.ts";
import type { FrameContent, ReadingStream, ShardReader } from "../../platform/ports.ts";
import { openRedisStream } from "../../platform/redis/stream.ts";
import { type RedisCluster, startRedisCluster } from "../harness/redis-cluster.ts";
import { frame, handOver, lagOf, rejection, silent, startUs, take, valuesOf } from "./samples.ts";

const url = `${inject("redisUrl")}/1`;
const admin = new Redis(url);
let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(async () => {
  admin.disconnect();
  await cluster.stop();
});

const shards = 3;
const adapters = [
  { name: "in memory", open: () => Promise.resolve(openMemoryStream({ shards })) },
  { name: "on Redis", open: () => openRedisStream({ url, shards, maxWaiting: 1e6, log: silent }) },
  {
    name: "on a Redis Cluster",
    open: () => openRedisStream({ url: cluster.url, shards, maxWaiting: 1e6, log: silent }),
  },
];

describe.each(adapters)("a stream $name", ({ open }) => {
  let stream: ReadingStream;
  const readers: ShardReader[] = [];

  async function openShard(shard: number): Promise<ShardReader> {
    const reader = await stream.openShard(shard);
    readers.push(reader);
    return reader;
  }

  beforeEach(async () => {
    await Promise.all([admin.flushdb(), cluster.empty()]);
    stream = await open();
  });
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.close()));
    await stream.close();
  });

  test("entries of a shard come in the order of their hand-over", async () => {
    const values = Array.from({ length: 250 }, (_, value) => value);
    handOver(stream, 0, values);
    const reader = await openShard(0);
    expect(valuesOf(await take(reader, values.length))).toEqual(values);
  });

  test("a read gives at most as many entries as it asks for", async () => {
    handOver(stream, 0, [1, 2, 3]);
    const reader = await openShard(0);
    expect(valuesOf(await reader.next(2, 200))).toEqual([1, 2]);
    expect(valuesOf(await reader.next(2, 200))).toEqual([3]);
  });

  test("an entry is handed out once to its owner, acknowledged or not", async () => {
    handOver(stream, 0, [1]);
    const reader = await openShard(0);
    expect(await take(reader, 1)).toHaveLength(1);
    expect(await reader.next(10, 20)).toEqual([]);
    handOver(stream, 0, [2]);
    expect(valuesOf(await take(reader, 1))).toEqual([2]);
  });

  test("the next owner gets what was not acknowledged first, then what is new", async () => {
    handOver(stream, 0, [1, 2, 3, 4]);
    const former = await openShard(0);
    const taken = await take(former, 3);
    await former.acknowledge(taken.slice(0, 1));
    await former.close();
    handOver(stream, 0, [5]);
    expect(valuesOf(await take(await openShard(0), 4))).toEqual([2, 3, 4, 5]);
  });

  test("what no owner took waits for the first one", async () => {
    handOver(stream, 1, [1, 2]);
    expect(valuesOf(await take(await openShard(1), 2))).toEqual([1, 2]);
  });

  test("what was acknowledged is never handed out again", async () => {
    handOver(stream, 0, [1, 2]);
    const former = await openShard(0);
    await former.acknowledge(await take(former, 2));
    await former.close();
    const reader = await openShard(0);
    handOver(stream, 0, [3]);
    expect(valuesOf(await take(reader, 1))).toEqual([3]);
    expect(await reader.next(10, 20)).toEqual([]);
  });

  test("an acknowledgement keeps what came before it and was not acknowledged", async () => {
    const values = Array.from({ length: 400 }, (_, value) => value);
    handOver(stream, 0, values);
    const former = await openShard(0);
    const taken = await take(former, values.length);
    await former.acknowledge(taken.slice(1));
    await former.close();
    expect(valuesOf(await take(await openShard(0), 1))).toEqual([0]);
  });

  test("an empty acknowledgement does nothing", async () => {
    handOver(stream, 0, [1]);
    const reader = await openShard(0);
    await reader.acknowledge([]);
    expect(valuesOf(await take(reader, 1))).toEqual([1]);
  });

  test("a read of an empty shard ends with none after its wait", async () => {
    const reader = await openShard(0);
    const begun = performance.now();
    expect(await reader.next(10, 300)).toEqual([]);
    expect(performance.now() - begun).toBeGreaterThan(250);
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  test("a read that waits ends as soon as an entry arrives", async () => {
    const reader = await openShard(0);
    const begun = performance.now();
    const waiting = reader.next(10, 30_000);
    handOver(stream, 0, [1]);
    expect(valuesOf(await waiting)).toEqual([1]);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("closing a reader ends its wait", async () => {
    const reader = await openShard(0);
    const waiting = reader.next(10, 30_000);
    await reader.close();
    expect(await waiting).toEqual([]);
  });

  test("shards know nothing of each other", async () => {
    handOver(stream, 0, [1]);
    handOver(stream, 1, [2]);
    const [first, second] = [await openShard(0), await openShard(1)];
    const [taken] = await take(second, 1);
    expect(valuesOf(taken === undefined ? [] : [taken])).toEqual([2]);
    await second.acknowledge(taken === undefined ? [] : [taken]);
    expect(valuesOf(await first.next(10, 200))).toEqual([1]);
    expect(await lagOf(stream)).toEqual([1, 0, 0]);
  });

  test("the lag counts what is not acknowledged, taken or not, owned or not", async () => {
    expect(await lagOf(stream)).toEqual([0, 0, 0]);
    handOver(stream, 0, [1, 2, 3]);
    handOver(stream, 2, [4]);
    expect(await lagOf(stream)).toEqual([3, 0, 1]);
    const reader = await openShard(0);
    const taken = await take(reader, 2);
    expect(await lagOf(stream)).toEqual([3, 0, 1]);
    await reader.acknowledge(taken);
    expect(await lagOf(stream)).toEqual([1, 0, 1]);
    await reader.acknowledge(await take(reader, 1));
    expect(await lagOf(stream)).toEqual([0, 0, 1]);
  });

  test("microseconds, numbers, ids of any script and rejections arrive as they were sent", async () => {
    const ids = ["büro 3", "__proto__", "constructor", "測定-1", "😀", 'a"b\\c', "x y"];
    const numbers = [0, -273.15, 1e308, 5e-324, 0.1 + 0.2, Number.MAX_SAFE_INTEGER];
    const sent: FrameContent = {
      receivedUs: startUs + 789,
      readings: ids.flatMap((deviceId, place) =>
        numbers.map((value) => ({ deviceId, sensorType: deviceId, timestampUs: startUs + place, value })),
      ),
      rejections: [rejection(), rejection({ deviceId: null, code: "FRAME_UNREADABLE", payload: "\u0001\n" })],
    };
    stream.append(0, sent).catch(() => undefined);
    const [entry] = await take(await openShard(0), 1);
    expect(entry?.frame).toMatchObject(sent);
  });
});

describe("in memory", () => {
  test("an append ends when its frame is acknowledged, and not before", async () => {
    const stream = openMemoryStream({ shards: 1 });
    const ended: number[] = [];
    const appends = [1, 2].map((value) => stream.append(0, frame(value)).then(() => ended.push(value)));
    const reader = await stream.openShard(0);
    const taken = await take(reader, 2);
    expect(ended).toEqual([]);
    await reader.acknowledge(taken.slice(0, 1));
    await appends[0];
    expect(ended).toEqual([1]);
    await reader.acknowledge(taken);
    await Promise.all(appends);
    expect(ended).toEqual([1, 2]);
  });

  test("more than the bound is refused for now, and taken when there is room again", async () => {
    const stream = openMemoryStream({ shards: 2, maxReadings: 3 });
    handOver(stream, 0, [1, 2, 3]);
    await expect(stream.append(1, frame(4))).rejects.toMatchObject({ code: "STREAM_FULL", retryable: true });
    const reader = await stream.openShard(0);
    await reader.acknowledge(await take(reader, 1));
    handOver(stream, 1, [4]);
    expect(await lagOf(stream)).toEqual([2, 1]);
  });

  test("rejections count towards the bound", async () => {
    const stream = openMemoryStream({ shards: 1, maxReadings: 1 });
    const twoRejections = { receivedUs: startUs, readings: [], rejections: [rejection(), rejection()] };
    await expect(stream.append(0, twoRejections)).rejects.toMatchObject({ code: "STREAM_FULL" });
    expect(await lagOf(stream)).toEqual([0]);
  });

  test("closing the stream fails the appends that were not acknowledged", async () => {
    const stream = openMemoryStream({ shards: 1 });
    const appended = stream.append(0, frame(1));
    await stream.close();
    await expect(appended).rejects.toMatchObject({ code: "STREAM_DOWN" });
  });
});

describe("on Redis", () => {
  test("an append ends without anybody reading it", async () => {
    await admin.flushdb();
    const stream = await openRedisStream({ url, shards: 1, maxWaiting: 1e6, log: silent });
    await stream.append(0, frame(1));
    expect(await admin.xlen("readings:{0}")).toBe(1);
    await stream.close();
  });
});
