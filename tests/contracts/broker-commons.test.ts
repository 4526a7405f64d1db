import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerCommons, KeptSubscription, Qos, QueuedMessage } from "../../platform/broker-commons.ts";
import { openRedisCommons } from "../../platform/redis/commons.ts";
import { until } from "../harness/local-servers.ts";
import { bytes, ignore, limits, noHoldings, type Place, places, text } from "./broker-places.ts";
import { silent } from "./samples.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each(places)("what brokers share on %s", (_name, startPlace) => {
  let place: Place;
  let one: BrokerCommons;
  let other: BrokerCommons;

  beforeAll(async () => {
    place = await startPlace();
  });
  afterAll(() => place.stop());
  beforeEach(async () => {
    await place.empty();
    one = await openRedisCommons({ url: place.url, limits, log: silent });
    other = await openRedisCommons({ url: place.url, limits, log: silent });
  });
  afterEach(async () => {
    await one.close();
    await other.close();
  });

  /** The sessions as somebody who follows them has them, as `filter qos`. */
  async function follow(commons: BrokerCommons) {
    const known = new Map<string, string[]>();
    let readings = 0;
    const learn = (clientId: string, subscriptions: readonly KeptSubscription[]): void => {
      known.set(clientId, subscriptions.map(({ filter, qos }) => `${filter} ${qos}`).toSorted());
      if (subscriptions.length === 0) known.delete(clientId);
    };
    await commons.sessions.follow({
      onAll: (sessions) => {
        readings += 1;
        known.clear();
        for (const [clientId, subscriptions] of sessions) learn(clientId, subscriptions);
      },
      onChange: learn,
    });
    return { known, readings: () => readings };
  }

  const subscribe = (commons: BrokerCommons, clientId: string, [filter, qos]: [string, Qos]) =>
    commons.sessions.subscribe(clientId, [{ filter, qos }]);

  test("subscriptions of kept sessions are known to who follows them, from before and from then on", async () => {
    await subscribe(one, "before", ["a/#", 1]);
    const { known } = await follow(other);
    expect([...known]).toEqual([["before", ["a/# 1"]]]);
    await subscribe(one, "after", ["__proto__", 2]);
    await subscribe(one, "after", ["b/+", 0]);
    await subscribe(one, "before", ["a/#", 2]);
    await until("the changes are known", () => known.get("before")?.join() === "a/# 2");
    expect(known.get("after")).toEqual(["__proto__ 2", "b/+ 0"]);
    expect(await other.sessions.subscriptionsOf("after")).toHaveLength(2);
    await one.sessions.unsubscribe("after", ["b/+", "never"]);
    await until("a subscription is gone", () => known.get("after")?.length === 1);
    await one.sessions.unsubscribe("after", ["__proto__"]);
    await one.sessions.forget(["before", "nobody"]);
    await until("both sessions are gone", () => known.size === 0);
    expect(await other.sessions.subscriptionsOf("before")).toEqual([]);
  });

  test("a Redis that lost the sessions is noticed", async () => {
    const { known, readings } = await follow(other);
    await subscribe(one, "seen", ["a", 1]);
    await until("it is seen", () => known.size === 1);
    expect(readings()).toBe(1);
    await place.empty();
    await until("what is gone is noticed", () => known.size === 0);
    expect(readings()).toBeGreaterThan(1);
  });

  test("a queue keeps the order, knows how far a delivery is, and takes nothing more when it is full", async () => {
    await subscribe(one, "reader", ["a", 2]);
    await subscribe(one, "second", ["a", 1]);
    const enqueue = (id: string, receivers: [string, 1 | 2][], size = 1) =>
      one.sessions.enqueue({
        id,
        messages: { 1: bytes(`${id}${"-".repeat(size)}`), 2: bytes(`${id}${"=".repeat(size)}`) },
        receivers: new Map(receivers),
      });
    for (let number = 0; number < 120; number += 1) {
      await enqueue(`b:${number}`, [
        ["reader", 2],
        ["second", 1],
        ["nobody", 1],
      ]);
    }
    const queue: QueuedMessage[] = await all(other.sessions.queued("reader"));
    expect(queue.map(({ id }) => id)).toEqual(Array.from({ length: 120 }, (_, number) => `b:${number}`));
    expect([text(queue[0]?.message), queue[0]?.packetId]).toEqual(["b:0=", undefined]);
    expect(text((await all(other.sessions.queued("second")))[0]?.message)).toBe("b:0-");
    expect(await all(other.sessions.queued("nobody"))).toEqual([]);

    await other.sessions.note("reader", "b:1", { packetId: 7, isReleased: true });
    await other.sessions.note("reader", "never queued", { packetId: 8, isReleased: false });
    await other.sessions.settle("reader", "b:0");
    await other.sessions.settle("reader", "b:0");
    const rest = await all(one.sessions.queued("reader"));
    expect(rest).toHaveLength(119);
    expect(rest[0]).toMatchObject({ id: "b:1", packetId: 7, isReleased: true });

    const beyond = (limit: string) => [{ clientId: "reader", limit }];
    expect(await enqueue("large", [["reader", 1]], 3 * 1024 * 1024)).toEqual([]);
    expect(await enqueue("larger", [["reader", 1]], 2 * 1024 * 1024)).toEqual(beyond("queued_bytes"));
    await one.sessions.settle("reader", "large");
    await Promise.all(Array.from({ length: 81 }, (_, number) => enqueue(`c:${number}`, [["reader", 1]])));
    expect(
      await enqueue("d", [
        ["reader", 1],
        ["second", 1],
      ]),
    ).toEqual(beyond("queued_messages"));
    await one.sessions.settle("reader", "b:1");
    expect(await enqueue("e", [["reader", 1]])).toEqual([]);
    const full = await all(one.sessions.queued("reader"));
    expect([full.length, full[0]?.id, full.at(-1)?.id]).toEqual([200, "b:2", "e"]);
    await one.sessions.forget(["reader"]);
    expect(await all(one.sessions.queued("reader"))).toEqual([]);
  });

  test("packet ids that a client used for QoS 2 are known everywhere until they are released", async () => {
    await one.sessions.receive("sender", 5);
    expect(await other.sessions.hasReceived("sender", 5)).toBe(true);
    expect(await other.sessions.hasReceived("sender", 6)).toBe(false);
    await other.sessions.release("sender", 5);
    expect(await one.sessions.hasReceived("sender", 5)).toBe(false);
  });

  test("sessions of clients that are away end when they are too old or too many, the oldest first", async () => {
    const brief = await openRedisCommons({
      url: place.url,
      limits: { ...limits, expiryMs: 300 },
      log: silent,
    });
    const membership = await one.join(ignore);
    await membership.beat("1");
    await membership.tell({ ...noHoldings, arrived: ["here"] });
    for (const clientId of ["here", "first", "second", "third"]) {
      await subscribe(one, clientId, ["a", 1]);
      // Their age is in milliseconds.
      const madeMs = Date.now();
      await until("the clock has moved on", () => Date.now() > madeMs + 1, { everyMs: 1 });
    }
    expect(await one.sessions.expire(10)).toEqual([]);
    await one.sessions.touch(["first", "here"]);
    expect(await other.sessions.expire(10)).toEqual([{ clientId: "second", limit: "sessions" }]);
    expect(await one.sessions.subscriptionsOf("second")).toEqual([]);
    const ended: string[] = [];
    await until("the others are old enough", async () => {
      ended.push(...(await brief.sessions.expire(10)).map(({ clientId, limit }) => `${clientId}: ${limit}`));
      return ended.length >= 2;
    });
    expect(ended.toSorted()).toEqual(["first: session_expired", "third: session_expired"]);
    expect(await one.sessions.subscriptionsOf("here")).toHaveLength(1);
    await brief.close();
  });

  test("retained messages are found by any filter that matches, each once", async () => {
    const topics = ["a", "a/b", "a/b/c", "a/b/d", "a/[x]*/c", "devices/d-1/status", "$SYS/x/y"];
    for (const topic of topics) await one.sessions.retain(topic, bytes(topic));
    const found = async (...filters: string[]) =>
      (await all(other.sessions.retained(filters))).map(text).toSorted();
    expect(await found("a/b/c")).toEqual(["a/b/c"]);
    expect(await found("a/b/#")).toEqual(["a/b", "a/b/c", "a/b/d"]);
    expect(await found("a/#", "a/b/+")).toEqual(["a", "a/[x]*/c", "a/b", "a/b/c", "a/b/d"]);
    expect(await found("+/+/c")).toEqual(["a/[x]*/c", "a/b/c"]);
    expect(await found("+")).toEqual(["a"]);
    expect(await found("#")).toEqual(topics.filter((topic) => !topic.startsWith("$")).toSorted());
    expect(await found("$SYS/#", "devices/+/status")).toEqual(["$SYS/x/y", "devices/d-1/status"]);
    await one.sessions.retain("a/b", null);
    await one.sessions.retain("a/b/c", null);
    await one.sessions.retain("a/b/d", null);
    expect(await found("a/b/#", "a")).toEqual(["a"]);
    await one.sessions.unretain("a", bytes("another"));
    expect(await found("a")).toEqual(["a"]);
    await one.sessions.unretain("a", bytes("a"));
    await one.sessions.unretain("a", bytes("a"));
    expect(await found("a")).toEqual([]);
  });
});
