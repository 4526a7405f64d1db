import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerCommons } from "../../platform/broker-commons.ts";
import { openRedisCommons } from "../../platform/redis/commons.ts";
import { until } from "../harness/local-servers.ts";
import { bytes, ignore, limits, noHoldings, type Place, places, text } from "./broker-places.ts";
import { silent } from "./samples.ts";

describe.each(places)("brokers among each other on %s", (_name, startPlace) => {
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

  test("a session that was in use until its broker died is no older than that", async () => {
    const brief = await openRedisCommons({
      url: place.url,
      limits: { ...limits, expiryMs: 400 },
      log: silent,
    });
    const [dead, heir] = [await one.join(ignore), await other.join(ignore)];
    for (const broker of [dead, heir]) await broker.beat("1:0");
    await dead.tell({ ...noHoldings, arrived: ["worker"] });
    await one.sessions.subscribe("worker", [{ filter: "a", qos: 1 }]);
    const madeMs = Date.now();
    await until("it is older than sessions may be", () => Date.now() > madeMs + 400);
    expect(await heir.bury(dead.id, { sign: "1:0" })).toBe(true);
    expect(await brief.sessions.expire(10)).toEqual([]);
    const againMs = Date.now();
    await until("it is as old again", () => Date.now() > againMs + 400);
    expect(await heir.lost(dead.id, 10)).toHaveLength(1);
    await heir.settle(dead.id, ["worker"]);
    await heir.closeGrave(dead.id);
    expect(await brief.sessions.expire(10)).toEqual([]);
    await until("it was away for long enough", async () => (await brief.sessions.expire(10)).length === 1);
    await brief.close();
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
    const [first] = await sender.tell({ ...noHoldings, arrived: ["c"] });
    const [second] = await receiver.tell({ ...noHoldings, arrived: ["c"] });
    expect(second?.number).toBeGreaterThan(first?.number ?? Number.NaN);
    expect(await sender.arrivalsAt(receiver.id)).toEqual(new Map([["c", second?.number]]));
    // What is told again keeps its number, even to a Redis that knows of none so high.
    const kept = new Map([["c", (second?.number ?? 0) + 100]]);
    expect(await receiver.tell({ ...noHoldings, kept })).toEqual([]);
    expect(await sender.arrivalsAt(receiver.id)).toEqual(kept);
    const [third] = await sender.tell({ ...noHoldings, arrived: ["c"], left: ["d"] });
    expect(third?.number).toBeGreaterThan(kept.get("c") ?? Number.NaN);
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
