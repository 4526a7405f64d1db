import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerCommons, KeptSubscription, Qos, QueuedMessage } from "../../platform/broker-commons.ts";
import { openRedisCommons } from "../../platform/redis-commons.ts";
import { createRedis, temporaryFolder, until } from "../harness/local-servers.ts";
import { startRedisCluster } from "../harness/redis-cluster.ts";
import { silent } from "./samples.ts";

interface Place {
  readonly url: string;
  empty(): Promise<unknown>;
  stop(): Promise<void>;
}

async function alone(): Promise<Place> {
  const folder = temporaryFolder("commons");
  const server = await createRedis(folder);
  await server.start();
  const admin = new Redis(server.url);
  return {
    url: server.url,
    empty: () => admin.flushall(),
    stop: async () => {
      admin.disconnect();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array | undefined) =>
  message === undefined ? undefined : new TextDecoder().decode(message);
const noHoldings = { arrived: [], left: [], wills: new Map(), ears: new Map() };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each([
  ["a Redis", alone],
  ["a Redis Cluster", startRedisCluster],
] as const)("what brokers share on %s", (_name, startPlace) => {
  let place: Place;
  let one: BrokerCommons;
  let other: BrokerCommons;

  beforeAll(async () => {
    place = await startPlace();
  });
  afterAll(() => place.stop());
  beforeEach(async () => {
    await place.empty();
    one = await openRedisCommons({ url: place.url, log: silent });
    other = await openRedisCommons({ url: place.url, log: silent });
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

  test("a queue keeps the order, knows how far a delivery is, and gives its oldest away when it is full", async () => {
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

    expect(await enqueue("large", [["reader", 1]], 3 * 1024 * 1024)).toBe(0);
    expect(await enqueue("larger", [["reader", 1]], 2 * 1024 * 1024)).toBe(120);
    expect((await all(one.sessions.queued("reader"))).map(({ id }) => id)).toEqual(["larger"]);
    await one.sessions.settle("reader", "larger");
    await Promise.all(Array.from({ length: 1100 }, (_, number) => enqueue(`c:${number}`, [["reader", 1]])));
    const full = await all(one.sessions.queued("reader"));
    expect([full.length, full[0]?.id]).toEqual([1000, "c:100"]);
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

  test("a session that nobody uses expires, unless its client is connected somewhere", async () => {
    for (const clientId of ["away", "here"]) await subscribe(one, clientId, ["a", 1]);
    const membership = await one.join(() => undefined);
    await membership.beat("1");
    await membership.tell({ ...noHoldings, arrived: ["here"] });
    expect(await other.sessions.expire(60_000, 10)).toBe(0);
    await until("one is old enough", async () => (await other.sessions.expire(50, 10)) === 1);
    expect(await one.sessions.subscriptionsOf("away")).toEqual([]);
    expect(await one.sessions.subscriptionsOf("here")).toHaveLength(1);
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
  });

  test("a dead broker is buried by one of the others, and its clients are lost but for those who are elsewhere", async () => {
    const [dead, first, second] = [
      await one.join(ignore),
      await other.join(ignore),
      await other.join(ignore),
    ];
    await dead.beat("1:0");
    await first.beat("1:0");
    const { signs, isKnown } = await second.beat("1:0");
    expect([signs.size, isKnown]).toEqual([3, false]);
    expect((await second.beat("2:0")).isKnown).toBe(true);
    await dead.tell({
      ...noHoldings,
      arrived: ["lost", "moved", "willing"],
      wills: new Map([
        ["willing", bytes("will of willing")],
        ["moved", bytes("will of moved")],
        ["unborn", bytes("early")],
      ]),
    });
    await first.tell({ ...noHoldings, arrived: ["moved"] });
    const sign = signs.get(dead.id) ?? "";
    expect(await first.bury(dead.id, { sign: "an older one" })).toBe(false);
    const buried = await Promise.all([first.bury(dead.id, { sign }), second.bury(dead.id, { sign })]);
    expect(buried.filter(Boolean)).toHaveLength(1);
    expect((await dead.beat("2:0")).isBuried).toBe(true);
    // What it still has to say is nobody's any more.
    await dead.tell({ ...noHoldings, arrived: ["late"], ears: new Map([["1*", true]]) });

    const lost = await first.lost(dead.id, 10);
    const told = lost.map(({ clientId, will }) => `${clientId}: ${text(will) ?? "-"}`);
    expect(told.toSorted()).toEqual(["lost: -", "unborn: early", "willing: will of willing"]);
    await first.settle(dead.id, ["lost", "unborn"]);
    expect(await second.lost(dead.id, 10)).toHaveLength(1);
    await second.settle(dead.id, ["willing"]);
    expect(await second.lost(dead.id, 10)).toEqual([]);
    expect((await first.beat("2:0")).graves.has(dead.id)).toBe(true);
    await second.closeGrave(dead.id);
    expect((await first.beat("3:0")).graves.has(dead.id)).toBe(false);
    expect(await first.earsOf(dead.id)).toEqual([]);
  });

  test("a grave whose undertaker is dead as well is taken over once", async () => {
    const [dead, undertaker, heir] = [
      await one.join(ignore),
      await one.join(ignore),
      await other.join(ignore),
    ];
    for (const broker of [dead, undertaker, heir]) await broker.beat("1:0");
    await dead.tell({ ...noHoldings, arrived: ["lost"] });
    expect(await undertaker.bury(dead.id, { sign: "1:0" })).toBe(true);
    expect(await heir.bury(undertaker.id, { sign: "1:0" })).toBe(true);
    expect((await heir.beat("2:0")).graves.get(dead.id)).toBe(undertaker.id);
    expect(await heir.bury(dead.id, { undertaker: undertaker.id })).toBe(true);
    expect(await heir.bury(dead.id, { undertaker: undertaker.id })).toBe(false);
    expect(await heir.lost(dead.id, 10)).toHaveLength(1);
  });

  test("brokers hear what is sent to them, in order, and know each other's ears", async () => {
    const heard: (string | undefined)[] = [];
    const [sender, receiver] = [
      await one.join(ignore),
      await other.join((message) => void heard.push(text(message))),
    ];
    await receiver.beat("1:0");
    await Promise.all(
      Array.from({ length: 50 }, (_, number) => sender.send(receiver.id, bytes(`${number}`))),
    );
    await until("all is heard", () => heard.length === 50);
    expect(heard).toEqual(Array.from({ length: 50 }, (_, number) => `${number}`));
    await receiver.tell({
      ...noHoldings,
      ears: new Map([
        ["1*", true],
        ["0d", true],
      ]),
    });
    await receiver.tell({ ...noHoldings, ears: new Map([["0d", false]]) });
    expect(await sender.earsOf(receiver.id)).toEqual(["1*"]);
    const first = await sender.tell({ ...noHoldings, arrived: ["c"] });
    expect(await receiver.tell({ ...noHoldings, arrived: ["c"] })).toBeGreaterThan(first);
    await receiver.leave();
  });

  test("an event is announced by the first who asks", async () => {
    const asked = [
      one.isFirstToAnnounce("5-1"),
      other.isFirstToAnnounce("5-1"),
      one.isFirstToAnnounce("5-2"),
    ];
    expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(2);
    expect(await other.isFirstToAnnounce("4-9")).toBe(false);
    expect(await other.isFirstToAnnounce("10-0")).toBe(true);
  });
});

function ignore(): void {}
