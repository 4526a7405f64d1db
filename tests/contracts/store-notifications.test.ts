import { sql } from "kysely";
import { expect, test } from "vitest";
import type { TakenMessage } from "../../platform/notifications/notification-ports.ts";
import { rankOf, severityOfRank } from "../../schema/alarm.ts";
import type { RouteSettings } from "../../schema/notification.ts";
import { engines, onEach } from "./databases.ts";
import { alarmEvent, planned, settings } from "./notification-samples.ts";
import { anomalous, batch, nowUs } from "./samples.ts";

const leaseMs = 60_000;

onEach(engines, "the store of notifications", (stores) => {
  const store = () => stores().notifications;

  async function addRoute(over: Partial<RouteSettings> = {}): Promise<number> {
    const wish = { settings: settings(over), url: "https://hooks.example/T0/secret" };
    const outcome = await stores().routing.add(wish, "a key", "operator:ada");
    if (outcome.kind !== "done") throw new Error(outcome.kind);
    return outcome.route.id;
  }

  const raise = (routeId: number, ids: readonly number[]) =>
    store().queue(ids.map((id) => planned(routeId, { alarm: { id } })));

  async function taken(): Promise<TakenMessage> {
    const message = await store().take(leaseMs);
    if (message === null) throw new Error("nothing is due");
    return message;
  }

  /** As if it were so many seconds later. */
  const age = async (seconds: number): Promise<void> => {
    const back = sql`${seconds} * interval '1 second'`;
    const { db } = stores().database;
    await sql`UPDATE notifications SET due_at = due_at - ${back}, queued_at = queued_at - ${back}, sent_at = sent_at - ${back}`.execute(
      db,
    );
    await sql`UPDATE notification_routes SET served_until = served_until - ${back}`.execute(db);
  };

  const states = async () =>
    (await store().list({ limit: 1000 })).map(({ kind, state, alarmId }) => `${kind} ${alarmId} ${state}`);

  const idOf = (message: TakenMessage) =>
    message.content.kind === "alarm" ? message.content.event.alarm.id : message.content.kind;

  test("a transition is queued once for each route, however often it is announced", async () => {
    const [one, two] = [await addRoute(), await addRoute({ name: "day shift" })];
    const same = [planned(one), planned(two), planned(one, { change: "cleared", alarm: { version: 2 } })];
    expect(await store().queue(same)).toBe(3);
    const again = await Promise.all([store().queue(same), store().queue(same), store().queue(same)]);
    expect(again).toEqual([0, 0, 0]);
    expect(await store().list({ limit: 10 })).toHaveLength(3);
    expect(await store().list({ routeId: two, limit: 10 })).toHaveLength(1);
    // One that was removed since it was looked at keeps nothing from the others.
    await stores().routing.remove(one, { version: 1 }, "operator:ada");
    const next = { alarm: { id: 2 } };
    expect(await store().queue([planned(one, next), planned(two, next)])).toBe(1);
  });

  test("a message is taken with all that it needs, by one of many who ask, and told to nobody again", async () => {
    await raise(await addRoute(), [1]);
    const asked = await Promise.all(Array.from({ length: 6 }, () => store().take(leaseMs)));
    const [message, ...others] = asked.filter((found) => found !== null);
    if (message === undefined || others.length > 0) throw new Error(`${others.length + 1} took it`);
    expect(message).toMatchObject({
      ...{ severity: "major", attempts: 1, secret: "a key", url: "https://hooks.example/T0/secret" },
      content: { kind: "alarm", event: alarmEvent() },
      route: { name: "night shift", channel: "webhook" },
    });
    await store().sent(message);
    await age(100_000);
    expect(await store().take(leaseMs)).toBeNull();
    expect(await store().find(message.id)).toMatchObject({
      state: "sent",
      attempts: 1,
      subject: "[major] boiler-3 temperature 41.25 °C",
    });
  });

  test("what its sender took to the grave is sent again with the same id; what was given back was no attempt", async () => {
    await raise(await addRoute(), [1]);
    const lost = await taken();
    expect(await store().take(leaseMs)).toBeNull();
    await age(61);
    const again = await taken();
    expect(again).toMatchObject({ id: lost.id, attempts: 2 });
    await store().giveBack(again);
    expect(await taken()).toMatchObject({ id: lost.id, attempts: 2 });
  });

  test("what failed is tried again after its pause, then given up, tried again by an operator and discarded", async () => {
    await raise(await addRoute(), [1]);
    const message = await taken();
    await store().failed(message, { reason: "it answered 500", retryMs: 5000 });
    expect(await store().take(leaseMs)).toBeNull();
    expect((await store().backlog()).waiting).toBe(1);
    await age(6);
    expect((await store().backlog()).oldestSeconds).toBeGreaterThan(5);
    const again = await taken();
    expect(again).toMatchObject({ id: message.id, attempts: 2 });
    await store().failed(again, { reason: "it answered 500", retryMs: null });
    expect(await store().list({ state: "dead", limit: 10 })).toMatchObject([
      { id: message.id, lastError: "it answered 500" },
    ]);
    expect(await store().backlog()).toEqual({ waiting: 0, dead: 1, oldestSeconds: 0 });
    expect(await store().retry(message.id, "operator:ben")).toMatchObject({ kind: "done" });
    const third = await taken();
    expect(third).toMatchObject({ id: message.id, attempts: 1 });
    await store().failed(third, { reason: "it answered 500", retryMs: null });
    expect(await store().discard(message.id, "operator:ben")).toMatchObject({
      notification: { state: "discarded" },
    });
    expect(await store().retry(message.id, "operator:ben")).toMatchObject({ kind: "impossible" });
    expect(await store().retry("00000000-0000-4000-8000-000000000000", "x")).toEqual({ kind: "unknown" });
    const audited = await stores().audit.list({ limit: 10 });
    const actions = ["notification.discard", "notification.retry", "notification-route.add"];
    expect(audited.map(({ action }) => action)).toEqual(actions);
  });

  test("one sender serves a route, and a route that is slow leaves the others alone", async () => {
    const [slow, quick] = [await addRoute(), await addRoute({ name: "quick" })];
    await raise(slow, [1, 2]);
    await raise(quick, [1, 2]);
    const inHand = await taken();
    expect(inHand.route.id).toBe(slow);
    for (const id of [1, 2]) {
      const message = await taken();
      expect([message.route.id, idOf(message)]).toEqual([quick, id]);
      expect(await store().take(leaseMs)).toBeNull();
      await store().sent(message);
    }
    await store().sent(inHand);
    expect(idOf(await taken())).toBe(2);
  });

  test("of one alarm messages come in order, while others pass by what is tried again", async () => {
    const route = await addRoute();
    const cleared = planned(route, { change: "cleared", alarm: { id: 1, version: 2 } });
    await store().queue([planned(route), cleared, planned(route, { alarm: { id: 2 } })]);
    await store().failed(await taken(), { reason: "away", retryMs: 5000 });
    const other = await taken();
    expect(idOf(other)).toBe(2);
    await store().sent(other);
    expect(await store().take(leaseMs)).toBeNull();
    await age(6);
    const order = [];
    for (let at = 0; at < 2; at += 1) {
      const message = await taken();
      order.push(message.content.kind === "alarm" ? message.content.event.change : "");
      await store().sent(message);
      await age(2);
    }
    expect(order).toEqual(["raised", "cleared"]);
  });

  test("beyond its limit a route is told in a digest, with counts and the worst, and no second one within the time", async () => {
    const route = await addRoute({ digest: { after: 2, withinSeconds: 600 } });
    const scores = [0.6, 0.7, 0.99, 0.85, ...Array.from({ length: 20 }, () => 0.6)];
    await store().queue(
      scores.map((score, place) => {
        const { peak } = alarmEvent().alarm;
        const severity = severityOfRank(rankOf(score));
        return planned(route, { alarm: { id: place + 1, severity, peak: { ...peak, score } } });
      }),
    );
    for (const id of [1, 2]) {
      const message = await taken();
      expect(idOf(message)).toBe(id);
      await store().sent(message);
    }
    expect(await store().take(leaseMs)).toBeNull();
    await age(25);
    // What comes while they gather is in it.
    await raise(route, [30]);
    expect(await store().take(leaseMs)).toBeNull();
    await age(6);
    const digest = await taken();
    if (digest.content.kind !== "digest") throw new Error(digest.content.kind);
    expect(digest).toMatchObject({ severity: "critical", content: { total: 23 } });
    expect(digest.content.counts).toEqual([
      { severity: "critical", change: "raised", count: 1 },
      { severity: "major", change: "raised", count: 2 },
      { severity: "minor", change: "raised", count: 20 },
    ]);
    expect(digest.content.worst.slice(0, 3).map(({ event }) => event.alarm.id)).toEqual([3, 30, 4]);
    expect(digest.content.worst).toHaveLength(10);
    await store().failed(digest, { reason: "away", retryMs: 1000 });
    await age(2);
    expect(await taken()).toMatchObject({ id: digest.id, attempts: 2 });
    await store().sent(digest);
    expect((await states()).filter((state) => state.endsWith("digested"))).toHaveLength(23);
    await raise(route, [40]);
    await age(500);
    expect(await store().take(leaseMs)).toBeNull();
    await age(100);
    expect(await taken()).toMatchObject({ content: { kind: "digest", total: 1 } });
  });

  test("a receiver that comes back after a storm gets its limit and a digest, not everything one by one", async () => {
    const route = await addRoute({ digest: { after: 2, withinSeconds: 600 } });
    const ids = Array.from({ length: 8 }, (_, place) => place + 1);
    await raise(route, ids);
    for (const _ of ids) await store().failed(await taken(), { reason: "away", retryMs: 5000 });
    await age(60);
    const told = [];
    for (let at = 0; at < 3; at += 1) {
      const message = await taken();
      told.push(message.content.kind === "digest" ? message.content.total : "single");
      await store().sent(message);
    }
    expect(told).toEqual(["single", "single", 6]);
    expect(await store().take(leaseMs)).toBeNull();
  });

  test("what the hours of a route keep is in no digest before they begin", async () => {
    const route = await addRoute({ digest: { after: 1, withinSeconds: 600 } });
    const later = nowUs() + 3_600_000_000;
    await store().queue([{ ...planned(route, { alarm: { id: 9 } }), dueUs: later }]);
    await raise(route, [1, 2]);
    await store().sent(await taken());
    expect(await store().take(leaseMs)).toBeNull();
    await age(31);
    expect(await taken()).toMatchObject({ content: { kind: "digest", total: 1 } });
    expect(await states()).toContain("alarm 9 waiting");
  });

  test("what waits of an alarm that was shelved meanwhile is told to nobody, but that it was", async () => {
    await stores().write(batch({ readings: [anomalous()] }));
    const { alarms } = stores();
    const [event] = await alarms.announce(() => Promise.resolve());
    const route = await addRoute();
    await store().queue([
      planned(route, event),
      planned(route, { alarm: { id: (event?.alarm.id ?? 0) + 1 } }),
    ]);
    const shelving = {
      wish: { kind: "shelve", seconds: 60 },
      version: 1,
      by: "operator:ada",
      comment: null,
    } as const;
    await alarms.change(event?.alarm.id ?? 0, shelving);
    const [shelved] = await alarms.announce(() => Promise.resolve());
    await store().queue([planned(route, shelved)]);
    const told = [];
    for (let message = await store().take(leaseMs); message !== null; message = await store().take(leaseMs)) {
      told.push(message.content.kind === "alarm" ? message.content.event.change : "");
      await store().sent(message);
    }
    expect(told.sort()).toEqual(["raised", "shelved"]);
    expect(await store().list({ state: "discarded", limit: 9 })).toMatchObject([
      { alarmId: event?.alarm.id },
    ]);
  });

  test("what waits on a route that is switched off is discarded, but for tests, which reach it", async () => {
    const route = await addRoute();
    await raise(route, [1]);
    const off = { settings: settings({ isEnabled: false }), url: undefined, version: 1 };
    await stores().routing.change(route, off, "operator:ada");
    expect(await states()).toEqual(["alarm 1 discarded"]);
    await raise(route, [2]);
    expect(await store().take(leaseMs)).toBeNull();
    const id = (await store().queueTest(route, "operator:ada")) ?? "";
    const message = await taken();
    expect(message).toMatchObject({ id, url: "https://hooks.example/T0/secret", content: { kind: "test" } });
    await store().failed(message, { reason: "it answered 404", retryMs: null });
    expect(await store().find(id)).toMatchObject({ state: "discarded", lastError: "it answered 404" });
    expect(await store().queueTest(route + 1, "operator:ada")).toBeNull();
    const unwanted = (await store().queueTest(route, "operator:ada")) ?? "";
    await store().abandonTest(unwanted);
    expect(await store().take(leaseMs)).toBeNull();
  });

  test("old ones are forgotten, but for those that wait", async () => {
    await raise(await addRoute(), [1, 2]);
    await store().sent(await taken());
    await age(40 * 86_400);
    expect(await store().forgetOlderThan(30)).toBe(1);
    expect(await states()).toEqual(["alarm 2 waiting"]);
  });
});
