import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ReadingStream, ShardReader } from "../../platform/ports.ts";
import { openRedisStream } from "../../platform/redis/stream.ts";
import { createRedis, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { frame, lagOf, retrying, silent, take, valuesOf } from "./samples.ts";

// A Redis of its own: these tests stop it, freeze it and empty it.
const folder = temporaryFolder("redis");
let server: LocalServer;
let admin: Redis;
let stream: ReadingStream;
const readers: ShardReader[] = [];
const down = { code: "STREAM_DOWN", retryable: true };
const key = "readings:{0}";

beforeAll(async () => {
  server = await createRedis(folder);
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  admin = new Redis(server.url);
  admin.on("error", () => undefined);
  await admin.flushall();
  stream = await openRedisStream({ url: server.url, shards: 1, maxWaiting: 1e6, log: silent });
});
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
  await stream.close();
  admin.disconnect();
});

async function openShard(): Promise<ShardReader> {
  const reader = await stream.openShard(0);
  readers.push(reader);
  return reader;
}

async function appendAll(values: readonly number[]): Promise<void> {
  for (const value of values) await stream.append(0, frame(value));
}

describe("while Redis is stopped", () => {
  test("an append fails at once and works again when Redis is back", async () => {
    await server.stop();
    const begun = performance.now();
    await expect(stream.append(0, frame(1))).rejects.toMatchObject(down);
    expect(performance.now() - begun).toBeLessThan(6000);
    await expect(stream.tallies()).rejects.toMatchObject(down);
    await server.start();
    await retrying(() => stream.append(0, frame(2)));
    expect(valuesOf(await take(await openShard(), 1))).toEqual([2]);
  });

  test("a reader fails, goes on by itself afterwards, and loses nothing of what it had in hand", async () => {
    await appendAll([1, 2, 3]);
    const reader = await openShard();
    const inHand = await take(reader, 2);
    const waiting = reader.next(10, 30_000);
    expect(valuesOf(await waiting)).toEqual([3]);
    const interrupted = expect(reader.next(10, 30_000)).rejects.toMatchObject(down);
    await server.stop();
    await interrupted;
    await expect(reader.acknowledge(inHand)).rejects.toMatchObject(down);
    await server.start();
    await retrying(() => stream.append(0, frame(4)));
    expect(valuesOf(await take(reader, 1))).toEqual([4]);
    await retrying(() => reader.acknowledge(inHand));
    expect(valuesOf(await take(await openShard(), 2))).toEqual([3, 4]);
  });

  test("a stream cannot be opened, and says where Redis was looked for without its password", async () => {
    await server.stop();
    const url = server.url.replace("redis://", "redis://user:secret@");
    const opening = openRedisStream({ url, shards: 1, maxWaiting: 1e6, log: silent });
    await expect(opening).rejects.toMatchObject({ code: "STREAM_DOWN" });
    await expect(opening).rejects.toThrow(/REDIS_URL/);
    await expect(opening).rejects.not.toThrow(/secret/);
    await server.start();
    await until("the stream's connection is back", () => stream.tallies().then(Boolean, () => false));
  });
});

test("an append to a frozen Redis fails within 6 s", async () => {
  process.kill(server.pid(), "SIGSTOP");
  try {
    const begun = performance.now();
    await expect(stream.append(0, frame(1))).rejects.toMatchObject(down);
    expect(performance.now() - begun).toBeLessThan(6000);
  } finally {
    process.kill(server.pid(), "SIGCONT");
  }
});

test("connections that break at any moment lose no entry", async () => {
  const values = Array.from({ length: 150 }, (_, value) => value);
  const reader = await openShard();
  let isOver = false;
  const breaking = (async () => {
    // On a busy machine nothing is done in 30 ms, so now and then there is more time.
    for (let times = 1; !isOver; times += 1) {
      await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await new Promise((resolve) => setTimeout(resolve, times % 10 === 0 ? 120 : 30));
    }
  })();
  const appending = (async () => {
    for (const value of values) await retrying(() => stream.append(0, frame(value)));
  })();
  // An append whose answer was lost is repeated, so a value may come twice.
  const seen = new Set<number | null>();
  const hasAll = async (): Promise<boolean> => {
    const entries = await reader.next(50, 100).catch(() => []);
    for (const value of valuesOf(entries)) seen.add(value);
    await reader.acknowledge(entries).catch(() => undefined);
    return seen.size === values.length;
  };
  await until("every value has come", hasAll, { withinMs: 90_000 }).finally(() => {
    isOver = true;
  });
  await Promise.all([breaking, appending]);
  expect([...seen]).toEqual(values);
});

test("a reader whose stream was emptied is told that it is another one, and the next reader goes on", async () => {
  await appendAll([1, 2]);
  const reader = await openShard();
  const taken = await take(reader, 2);
  await admin.flushall();
  await expect(reader.acknowledge(taken)).rejects.toMatchObject({
    code: "STREAM_REPLACED",
    retryable: false,
  });
  await appendAll([3, 4]);
  const next = await openShard();
  expect(next.streamId).not.toBe(reader.streamId);
  expect(valuesOf(await take(next, 2))).toEqual([3, 4]);
});

test("a reader that waits while its stream is emptied goes on", async () => {
  await appendAll([1]);
  const reader = await openShard();
  await reader.acknowledge(await take(reader, 1));
  const waiting = take(reader, 1);
  await until("the reader waits", async () =>
    String(await admin.info("clients")).includes("blocked_clients:1"),
  );
  await admin.flushall();
  await appendAll([2]);
  expect(valuesOf(await waiting)).toEqual([2]);
});

test("an entry that no broker wrote comes as no frame, in its place, and can be acknowledged", async () => {
  await appendAll([1]);
  await admin.xadd(key, "*", "temperature", "21.5");
  await admin.xadd(key, "*", "frame", '{"temperature":21.5}');
  await appendAll([2]);
  const entries = await take(await openShard(), 4);
  expect(valuesOf(entries)).toEqual([1, null, null, 2]);
  expect(String(entries[1]?.raw)).toContain("21.5");
  expect(String(entries[2]?.raw)).toBe('{"temperature":21.5}');
  const [reader] = readers;
  await reader?.acknowledge(entries);
  expect(await lagOf(stream)).toEqual([0]);
});

test("what was acknowledged leaves the memory of Redis", async () => {
  const values = Array.from({ length: 2000 }, (_, value) => value);
  await Promise.all(values.map((value) => stream.append(0, frame(value))));
  expect(await admin.xlen(key)).toBe(values.length);
  const reader = await openShard();
  for (let taken = 0; taken < values.length; ) {
    const entries = await reader.next(150, 200);
    await reader.acknowledge(entries);
    taken += entries.length;
  }
  // Redis frees whole nodes of a hundred entries.
  expect(await admin.xlen(key)).toBeLessThanOrEqual(200);
  expect(await lagOf(stream)).toEqual([0]);
});

// The owner of a shard learns only at its next write that it lost the pen; until then it goes on reading.
test("what a former owner still takes reaches the new one", async () => {
  const former = await openShard();
  const waiting = former.next(10, 30_000);
  await until("the former owner waits", async () =>
    String(await admin.info("clients")).includes("blocked_clients:1"),
  );
  const reader = await openShard();
  expect(await reader.next(10, 20)).toEqual([]);
  await appendAll([1]);
  expect(valuesOf(await waiting)).toEqual([1]);
  expect(valuesOf(await reader.next(10, 1000))).toEqual([1]);
});

test("a full Redis refuses an append for now, and goes on saying what it holds", async () => {
  await admin.config("SET", "maxmemory", "1");
  const full = { code: "STREAM_FULL", retryable: true };
  await expect(stream.append(0, frame(1))).rejects.toMatchObject(full);
  // Whoever is about to empty it must be able to begin.
  const reader = await stream.openShard(0);
  expect((await stream.tallies())[0]).toMatchObject({ streamId: reader.streamId, received: 0, entries: 0 });
  await reader.close();
  await admin.config("SET", "maxmemory", "0");
  await stream.append(0, frame(2));
  expect(valuesOf(await take(await openShard(), 1))).toEqual([2]);
});

test("what somebody deleted or trimmed takes no room once the stream was empty, and the ledger goes on saying so", async () => {
  const narrow = await openRedisStream({ url: server.url, shards: 1, maxWaiting: 100, log: silent });
  const fill = async (count: number) => {
    for (let value = 0; value < count; value += 1) await narrow.append(0, frame(value));
  };
  await fill(80);
  expect(await narrow.fullness()).toBe(0.8);
  await admin.del(key);
  expect(await narrow.fullness()).toBe(0);
  await fill(3);
  expect(await narrow.fullness()).toBe(0.03);
  await admin.xtrim(key, "MAXLEN", 1);
  const reader = await openShard();
  await reader.acknowledge(await take(reader, 1));
  expect(await narrow.fullness()).toBe(0);
  await fill(2);
  expect(await narrow.fullness()).toBe(0.02);
  expect((await narrow.tallies())[0]).toMatchObject({ received: 85, settled: 1, entries: 2 });
  await admin.flushall();
  expect(await narrow.fullness()).toBe(0);
  expect(await admin.keys("*")).toEqual([]);
  await narrow.close();
});
