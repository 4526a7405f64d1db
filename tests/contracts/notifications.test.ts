import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openMemoryEvents } from "../../platform/memory/events.ts";
import { openMetrics } from "../../platform/telemetry.ts";
import { announceAlarms } from "../../processor/alarms.ts";
import { Dispatcher } from "../../processor/notifications/dispatcher.ts";
import { openMessengers } from "../../processor/notifications/messengers.ts";
import type { NumberedEvent } from "../../schema/event.ts";
import type { RouteSettings } from "../../schema/notification.ts";
import { collectOwnGarbage } from "../harness/collect-garbage.ts";
import { until } from "../harness/local-servers.ts";
import {
  type MailReceiver,
  openMailReceiver,
  openWebhookReceiver,
  type WebhookReceiver,
} from "../harness/receivers.ts";
import { engines, onEach } from "./databases.ts";
import { planned, settings } from "./notification-samples.ts";
import { anomalous, batch, silent, startUs } from "./samples.ts";

let [hook, other]: WebhookReceiver[] = [];
let mail: MailReceiver;
beforeAll(async () => {
  [hook, other] = [await openWebhookReceiver(), await openWebhookReceiver()];
  mail = await openMailReceiver();
});
afterAll(async () => {
  await hook?.close();
  await other?.close();
  await mail.close();
});

onEach(engines, "notifications", (stores) => {
  const events = openMemoryEvents({ startedMs: 1 });
  const dispatchers: Dispatcher[] = [];
  const metrics = openMetrics();

  function dispatcher({ timeoutMs = 2000, mostAttempts = 2 } = {}): Dispatcher {
    const config = {
      ...{ PUBLIC_URL: "https://tide.example/", SMTP_URL: mail.url, SMTP_FROM: "tidemark@example.org" },
      ...{ WEBHOOK_NETWORKS: ["127.0.0.1"], NOTIFICATION_TIMEOUT_SECONDS: timeoutMs / 1000 },
    };
    const made = new Dispatcher({
      ...{ store: stores().notifications, messengers: openMessengers({ config, events }) },
      ...{ timeoutMs, mostAttempts, dice: () => 0, log: silent, metrics },
    });
    dispatchers.push(made);
    return made;
  }

  afterEach(async () => {
    await Promise.all(dispatchers.splice(0).map((each) => each.stop()));
    hook?.answerWith((response) => response.end());
    other?.answerWith((response) => response.end());
  });

  async function addRoute(url: string | undefined, over: Partial<RouteSettings> = {}): Promise<number> {
    const wish = { settings: settings(over), url };
    const outcome = await stores().routing.add(wish, "a key", "operator:ada");
    if (outcome.kind !== "done") throw new Error(outcome.kind);
    return outcome.route.id;
  }

  const list = () => stores().notifications.list({ limit: 1000 });
  const untilAll = (state: string) =>
    until(`all are ${state}`, async () => (await list()).every((each) => each.state === state));
  const bodies = (receiver: WebhookReceiver | undefined, since = 0) =>
    (receiver?.received.slice(since) ?? []).map(({ body }) => JSON.parse(body));

  test("a route changes on the version that was looked at, and nothing that is secret is shown or recorded", async () => {
    const { routing, notifications } = stores();
    const url = "https://hooks.example/T0/secret";
    const added = await routing.add({ settings: settings(), url }, "a key", "operator:ada");
    if (added.kind !== "done") throw new Error(added.kind);
    const { id } = added.route;
    await routing.add({ settings: settings({ name: "day shift" }), url }, "a key", "operator:ada");
    const wish = { settings: settings({ severity: "major" }), url: undefined };
    const changed = await routing.change(id, { ...wish, version: 1 }, "operator:ada");
    expect(changed).toMatchObject({
      kind: "done",
      route: { version: 2, severity: "major", url: "hooks.example" },
    });
    expect(await routing.change(id, { ...wish, version: 1 }, "operator:eve")).toMatchObject({
      kind: "stale",
    });
    const taking = { settings: settings({ name: "day shift" }), url: undefined, version: 2 };
    expect(await routing.change(id, taking, "operator:ada")).toEqual({ kind: "name-taken" });
    const twin = await routing.add({ settings: settings(), url: "https://a" }, "k", "operator:ada");
    expect(twin).toEqual({ kind: "name-taken" });
    const renewed = await routing.setSecret(id, { version: 2, secret: "another key" }, "operator:ada");
    expect(renewed).toMatchObject({ kind: "done", route: { version: 3 } });
    await notifications.queue([planned(id)]);
    expect(await notifications.take(60_000)).toMatchObject({ secret: "another key" });
    expect(await routing.remove(id, { version: 1 }, "operator:ada")).toMatchObject({ kind: "stale" });
    expect(await routing.remove(id, { version: 3 }, "operator:ada")).toMatchObject({ kind: "done" });
    expect(await routing.remove(id, { version: 3 }, "operator:ada")).toEqual({ kind: "unknown" });
    expect(await notifications.list({ limit: 10 })).toEqual([]);
    const told = JSON.stringify([await routing.list(), await stores().audit.list({ limit: 100 })]);
    expect(told).toContain("notification-route.renew-secret");
    expect(told).not.toMatch(/T0|a key|another key/);
  });

  test("a slow receiver holds up nobody else, and is left when its time is over", async () => {
    const [slow, quick] = [await addRoute(hook?.url), await addRoute(other?.url, { name: "quick" })];
    hook?.answerWith(() => undefined);
    const since = other?.received.length ?? 0;
    await stores().notifications.queue([planned(slow), planned(quick)]);
    const patient = dispatcher({ timeoutMs: 60_000 });
    await patient.look();
    await until("the quick one has it", () => bodies(other, since).length === 1);
    const ofSlow = async () => (await list()).find(({ routeId }) => routeId === slow);
    expect(await ofSlow()).toMatchObject({ state: "waiting", attempts: 1, lastError: null });
    await patient.stop();
    await dispatcher({ timeoutMs: 500 }).look();
    collectOwnGarbage();
    await until("the slow one is left", async () => (await ofSlow())?.lastError === "no answer within 0.5 s");
  });

  test("a receiver that fails gets the same message with the same id again, until it is given up", async () => {
    const route = await addRoute(hook?.url);
    const since = hook?.received.length ?? 0;
    hook?.answerWith((response) => response.writeHead(500).end());
    await stores().notifications.queue([planned(route)]);
    const sender = dispatcher();
    await sender.look();
    const only = async () => (await list())[0];
    await until("it failed once", async () => (await only())?.lastError === "it answered 500");
    const first = await only();
    expect((first?.dueUs ?? 0) - (first?.queuedUs ?? 0)).toBeGreaterThan(2_400_000);
    await sql`UPDATE notifications SET due_at = now()`.execute(stores().database.db);
    await sender.look();
    await untilAll("dead");
    const ids = hook?.received.slice(since).map(({ headers }) => headers["tidemark-delivery"]);
    expect(ids).toEqual([first?.id, first?.id]);
    hook?.answerWith((response) => response.end());
    await stores().notifications.retry(first?.id ?? "", "operator:ada");
    await sender.look();
    await untilAll("sent");
  });

  test("what cannot be reached, or may not be, is given up in words that an operator understands", async () => {
    const since = hook?.received.length ?? 0;
    hook?.answerWith((response) => response.writeHead(302, { location: "http://127.0.0.1/" }).end());
    const failures: readonly (readonly [url: string, reason: RegExp])[] = [
      [`http://${"a".repeat(64)}.invalid/`, /ENOTFOUND/],
      ["http://127.0.0.1:1/", /ECONNREFUSED/],
      [hook?.url ?? "", /redirects are not followed/],
      ["http://127.0.0.2/", /127.0.0.2 .*WEBHOOK_NETWORKS/],
    ];
    for (const [name] of failures)
      await stores().notifications.queue([planned(await addRoute(name, { name }))]);
    await dispatcher({ mostAttempts: 1 }).look();
    await untilAll("dead");
    const reasons = (await list()).toReversed().map(({ lastError }) => lastError ?? "");
    for (const [place, [, reason]] of failures.entries()) expect(reasons[place]).toMatch(reason);
    expect(hook?.received).toHaveLength(since + 1);
  });

  test("a mail is sent, and a mail server that refuses is a failure", async () => {
    const route = await addRoute(undefined, { channel: "email", to: ["ada@example.org"] });
    await stores().notifications.queue([planned(route)]);
    const sender = dispatcher({ mostAttempts: 1 });
    await sender.look();
    await untilAll("sent");
    expect(mail.mails.at(-1)).toContain("19.5 to 24.5");
    mail.refused.add("ada@example.org");
    await stores().notifications.queue([planned(route, { change: "cleared", alarm: { version: 2 } })]);
    await sender.look();
    await until("it is given up", async () => (await list())[0]?.state === "dead");
    expect((await list())[0]?.lastError).toContain("mailbox unavailable");
    mail.refused.clear();
  });

  test("on MQTT a message goes to the brokers with the topic of its route", async () => {
    const heard: NumberedEvent[] = [];
    const ear = await events.subscribe({ onEvent: (event) => heard.push(event) });
    const topic = "notifications/hall-2/{severity}/{device}/{sensor}";
    await stores().notifications.queue([planned(await addRoute(undefined, { channel: "mqtt", topic }))]);
    await dispatcher().look();
    await untilAll("sent");
    expect(heard.map(({ event }) => event)).toMatchObject([
      {
        kind: "notification",
        topic: "notifications/hall-2/major/boiler-3/temperature",
        message: { event: "raised", alarm: { alarm_id: 1 } },
      },
    ]);
    await ear.stop();
  });

  test("who stops in the middle leaves the message to the next, who need not wait", async () => {
    const route = await addRoute(hook?.url);
    const since = hook?.received.length ?? 0;
    hook?.answerWith(() => undefined);
    await stores().notifications.queue([planned(route)]);
    const stopping = dispatcher({ timeoutMs: 60_000 });
    await stopping.look();
    await until("it is on its way", () => hook?.received.length === since + 1);
    await stopping.stop();
    hook?.answerWith((response) => response.end());
    await dispatcher().look();
    await untilAll("sent");
    const [one, two] = hook?.received.slice(since).map(({ headers }) => headers["tidemark-delivery"]) ?? [];
    expect(one).toBe(two);
  });

  test("a sensor that flaps once a second for ten minutes makes two notifications", async () => {
    const { alarms, database } = stores();
    await addRoute(hook?.url);
    const since = hook?.received.length ?? 0;
    const sender = dispatcher();
    const deps = {
      ...stores(),
      events,
      metrics,
      storms: { devices: 10, sharePercent: 20, windowMs: 60_000 },
    };
    // Ten seconds at a time, and between them what a processor does, five minutes of quiet clearing an alarm.
    const step = async (seconds: number): Promise<void> => {
      await sql`UPDATE alarms SET heard_at = heard_at - ${seconds} * interval '1 second'`.execute(
        database.db,
      );
      await alarms.settle(300_000);
      await announceAlarms(deps);
      await sender.look();
    };
    for (let second = 0; second < 600; second += 10) {
      const readings = Array.from({ length: 5 }, (_, place) =>
        anomalous({ timestampUs: startUs + (second + 2 * place) * 1_000_000 }),
      );
      await stores().write(batch({ readings }));
      await step(10);
    }
    for (let second = 0; second < 600; second += 60) await step(60);
    await untilAll("sent");
    const told = bodies(hook, since).map(({ event, alarm }) => `${event} ${alarm.anomalies}`);
    expect(told).toEqual(["raised 5", "cleared 300"]);
  });
});
