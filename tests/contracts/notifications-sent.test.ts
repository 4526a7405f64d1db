import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openMemoryEvents } from "../../platform/memory-events.ts";
import { openMetrics } from "../../platform/telemetry.ts";
import { announceAlarms } from "../../processor/alarms.ts";
import { Dispatcher } from "../../processor/notifications/dispatcher.ts";
import { openMessengers } from "../../processor/notifications/messengers.ts";
import type { NumberedEvent } from "../../schema/event.ts";
import type { RouteSettings } from "../../schema/notification.ts";
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

onEach(engines, "the dispatcher of notifications", (stores) => {
  const events = openMemoryEvents({ startedMs: 1 });
  const dispatchers: Dispatcher[] = [];
  const metrics = openMetrics();

  function dispatcher({ timeoutMs = 2000, networks = ["127.0.0.1"], mostAttempts = 2 } = {}): Dispatcher {
    const config = {
      ...{ PUBLIC_URL: "https://tide.example/", SMTP_URL: mail.url, SMTP_FROM: "tidemark@example.org" },
      ...{ WEBHOOK_NETWORKS: networks, NOTIFICATION_TIMEOUT_SECONDS: timeoutMs / 1000 },
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

  test.each([
    ["a name that does not exist", () => `http://${"a".repeat(64)}.invalid/`, /ENOTFOUND/],
    ["a closed port", () => "http://127.0.0.1:1/", /ECONNREFUSED/],
    ["a redirect", () => hook?.url ?? "", /redirects are not followed/],
  ])("%s is given up in words that an operator understands", async (_, url, reason) => {
    hook?.answerWith((response) => response.writeHead(302, { location: "http://127.0.0.1/" }).end());
    await stores().notifications.queue([planned(await addRoute(url()))]);
    await dispatcher({ mostAttempts: 1 }).look();
    await untilAll("dead");
    expect((await list())[0]?.lastError).toMatch(reason);
  });

  test("what is inside is reached only where it is allowed", async () => {
    const since = hook?.received.length ?? 0;
    await stores().notifications.queue([planned(await addRoute(hook?.url))]);
    await dispatcher({ networks: [], mostAttempts: 1 }).look();
    await untilAll("dead");
    expect((await list())[0]?.lastError).toContain("WEBHOOK_NETWORKS");
    expect(hook?.received).toHaveLength(since);
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
    const deps = { ...stores(), events, metrics };
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
