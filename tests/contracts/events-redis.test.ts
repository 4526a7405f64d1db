import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRedisEvents } from "../../platform/redis/events.ts";
import { createRedis, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { heard, listen, liveReadings, silence, subjectOf } from "./event-samples.ts";
import { retrying, silent } from "./samples.ts";

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
    expect(first.events.map(subjectOf)).toEqual(["from one", "from the other"]);
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
    expect(ear.events.map(subjectOf)).toEqual(["before", "after"]);
    await until("live readings arrive again", () => {
      events.broadcast([liveReadings(2)]);
      return ear.live.length > 0;
    });
    await ear.stop();
    await events.close();
  });

  test("a subscriber hears what a Redis says that lost its data and whose clock is behind", async () => {
    const admin = new Redis(server.url);
    const events = await openRedisEvents({ url: server.url, log: silent });
    const ear = await listen(events);
    await admin.xadd("events", `${Date.now() + 3_600_000}-5`, "event", JSON.stringify(silence("ahead")));
    await heard(ear, 1);
    await admin.flushall();
    await events.publish([silence("behind")]);
    await heard(ear, 2);
    expect(ear.events.map(subjectOf)).toEqual(["ahead", "behind"]);
    await events.publish([silence("next")]);
    await heard(ear, 3);
    admin.disconnect();
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
    expect(ear.events.map(subjectOf)).toEqual(["after"]);
    expect(await events.since(before, 10)).toEqual(ear.events);
    intruder.disconnect();
    await ear.stop();
    await events.close();
  });

  test("a processor that died before its first announcement is recovered by the next one", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => openRedisEvents({ url: server.url, log: silent })),
    );
    const receipt = { shard: 0, custody: "first", batch: 1 };
    const before = (await first?.newestId()) ?? "0-0";
    await second?.recover([silence("unsaid")], receipt);
    await first?.publish([silence("unsaid")], receipt);
    const said = (await first?.since(before, 10)) ?? [];
    expect(said.map(subjectOf)).toEqual(["unsaid"]);
    await Promise.all([first?.close(), second?.close()]);
  });

  test("announcing goes on while Redis is full", async () => {
    const admin = new Redis(server.url);
    const events = await openRedisEvents({ url: server.url, log: silent });
    const before = (await events.newestId()) ?? "0-0";
    await admin.config("SET", "maxmemory", "1");
    await expect(admin.set("any", "thing")).rejects.toThrow(/OOM/);
    await events.publish([silence("with a receipt")], { shard: 1, custody: "first", batch: 1 });
    await events.publish([silence("without")]);
    await admin.config("SET", "maxmemory", "0");
    const said = await events.since(before, 10);
    expect(said.map(subjectOf)).toEqual(["with a receipt", "without"]);
    admin.disconnect();
    await events.close();
  });
});
