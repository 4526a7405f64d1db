import { createHmac } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import type { Program } from "../harness/program.ts";
import {
  type MailReceiver,
  openMailReceiver,
  openWebhookReceiver,
  type WebhookReceiver,
} from "../harness/receivers.ts";
import { openServices, type Services, untilShares } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let processor: Program;
let broker: Program;
let api: Api;
let device: MqttClient;
let hook: WebhookReceiver;
let mail: MailReceiver;
const published: { topic: string; body: Record<string, unknown> }[] = [];

const startProcessor = () =>
  services.start("processor", {
    ...{ WEBHOOK_NETWORKS: "127.0.0.0/8", SMTP_URL: mail.url, SMTP_FROM: "tidemark@example.org" },
    PUBLIC_URL: "https://tide.example",
  });

beforeAll(async () => {
  [hook, mail] = [await openWebhookReceiver(), await openMailReceiver()];
  services = await openServices({ database: await createTestDatabase(inject("postgresUrl")) });
  broker = services.start("broker");
  processor = startProcessor();
  const web = services.start("web");
  device = await connectAsync((await broker.ready())["mqtt"] ?? "");
  api = apiAt((await web.ready())["console"] ?? "");
  await untilShares([processor], [8]);
  device.on("message", (topic, payload) => published.push({ topic, body: JSON.parse(String(payload)) }));
  await device.subscribeAsync("notifications/#", { qos: 1 });
});

afterAll(async () => {
  await device?.endAsync();
  await services.stop();
  await hook.close();
  await mail.close();
});

/** Far outside of what a temperature can be. */
const suffer = (deviceId: string) =>
  device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "9999", { qos: 1 });

interface Route {
  readonly id: number;
  readonly version: number;
}
let route: Route;
let secret: string;

test("a route is added once, shown without what is secret, and tried", async () => {
  const body = { name: "on call", channel: "webhook", url: hook.url, device: "boiler-*" };
  const added = await api.post("notification-routes", body);
  expect(added.status).toBe(201);
  // The route answers with these.
  ({ route, secret } = added.body as unknown as { route: Route; secret: string });
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect((await api.post("notification-routes", body)).body).toMatchObject({ code: "ROUTE_NAME_TAKEN" });
  expect((await api.post("notification-routes", { ...body, name: "x", url: undefined })).body).toMatchObject({
    code: "ROUTE_INVALID",
  });
  expect((await api.post("notification-routes", { ...body, name: "x", url: "http://[" })).body).toMatchObject(
    {
      code: "ROUTE_INVALID",
    },
  );
  await api.post("notification-routes", { name: "topics", channel: "mqtt", device: "boiler-*" });
  const to = ["ada@example.org"];
  await api.post("notification-routes", { name: "mails", channel: "email", to, device: "boiler-*" });
  const shown = await api.get("notification-routes");
  expect(shown.body).toMatchObject({
    routes: [
      {
        name: "on call",
        url: `127.0.0.1:${hook.port}`,
        severity: "minor",
        changes: ["raised", "worsened", "cleared"],
      },
      { name: "topics", topic: "notifications/{severity}/{device}", url: null },
      { name: "mails", to },
    ],
  });
  expect(shown.text).not.toContain(secret);
  expect((await api.get("audit")).text).not.toMatch(new RegExp(`${secret}|/hook`));
  const tried = await api.post(`notification-routes/${route.id}/test`);
  expect(tried.body).toMatchObject({ outcome: "sent", reason: null });
  expect(JSON.parse(hook.received.at(-1)?.body ?? "")).toMatchObject({ event: "test", by: "anyone" });
  hook.answerWith((response) => response.writeHead(401).end());
  const failed = await api.post(`notification-routes/${route.id}/test`);
  expect(failed.body).toMatchObject({ outcome: "failed", reason: "it answered 401" });
  hook.answerWith((response) => response.end());
});

test("an alarm is told by webhook, on MQTT and by mail, and nobody else speaks on that topic", async () => {
  await suffer("boiler-3");
  await suffer("fridge-1");
  const isOf = ({ body }: { body: string }): boolean => body.includes("boiler-3");
  await until("it is told", () => hook.received.some(isOf) && published.length > 0 && mail.mails.length > 0);
  const { headers, body } = hook.received.find(isOf) ?? { headers: {}, body: "" };
  const signed = createHmac("sha256", secret)
    .update(`${headers["tidemark-timestamp"]}.${body}`)
    .digest("hex");
  expect(headers["tidemark-signature"]).toBe(`sha256=${signed}`);
  const told = { event: "raised", severity: "critical", alarm: { device_id: "boiler-3", value: 9999 } };
  expect(JSON.parse(body)).toMatchObject({ ...told, delivery: headers["tidemark-delivery"] });
  expect(published).toMatchObject([{ topic: "notifications/critical/boiler-3", body: told }]);
  expect(mail.mails[0]).toMatch(/^Subject: .*boiler-3/m);
  expect(mail.mails[0]).toMatch(/https:\/\/tide\.example\/api\/v1\/alarms\/\d+/);
  const stranger = await connectAsync((await broker.ready())["mqtt"] ?? "", { reconnectPeriod: 0 });
  const closed = new Promise((resolve) => stranger.once("close", () => resolve(true)));
  stranger.publish("notifications/critical/boiler-3", "{}", { qos: 1 }, () => undefined);
  await closed;
  expect(published).toHaveLength(1);
  const noted = "SELECT 1 FROM notifications WHERE kind = 'alarm' AND state = 'sent'";
  await until("all three are noted", async () => (await services.database.query(noted)).length === 3);
});

test("a processor that is killed before it notes what it sent sends it again with the same id, and nothing is lost", async () => {
  const since = hook.received.length;
  hook.answerWith(() => undefined);
  await suffer("boiler-4");
  await until("it arrives", () => hook.received.length > since);
  await processor.kill("SIGKILL");
  hook.answerWith((response) => response.end());
  // As if the time was over that the message was the killed one's.
  await services.database.query("UPDATE notification_routes SET served_until = now()");
  await services.database.query("UPDATE notifications SET due_at = now() WHERE state = 'waiting'");
  processor = startProcessor();
  const query =
    "SELECT id FROM notifications WHERE state = 'sent' AND content -> 'event' ->> 'deviceId' = 'boiler-4'";
  await until("all three are told", async () => (await services.database.query(query)).length === 3, {
    withinMs: 30_000,
  });
  const ids = hook.received.slice(since).map(({ headers }) => headers["tidemark-delivery"]);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test("what is given up is listed, tried again and discarded; a route changes on the version that was looked at", async () => {
  await services.database.query(
    "UPDATE notifications SET state = 'dead' WHERE route_id = 1 AND kind = 'alarm'",
  );
  const dead = await api.get("notifications?state=dead&limit=1");
  expect(dead.body).toMatchObject({
    notifications: [{ routeId: 1, subject: expect.stringContaining("boiler-4") }],
  });
  // As above.
  const [{ id } = { id: "" }] = (dead.body as unknown as { notifications: { id: string }[] }).notifications;
  expect((await api.post(`notifications/${id}/retry`)).body).toMatchObject({
    notification: { state: "waiting" },
  });
  await until("it is sent", async () =>
    (await api.get("notifications?state=sent&route=1")).text.includes(id),
  );
  expect((await api.post(`notifications/${id}/discard`)).body).toMatchObject({ code: "NOTIFICATION_STATE" });
  const other = await api.get(`notifications?state=dead&after=${Number.MAX_SAFE_INTEGER}`);
  expect(other.body).toMatchObject({ notifications: [expect.anything()], next: null });
  const put = (body: object) =>
    api.put(`notification-routes/${route.id}`, { name: "on call", channel: "webhook", version: 1, ...body });
  expect((await put({ severity: "major" })).body).toMatchObject({ route: { version: 2, severity: "major" } });
  expect((await put({})).body).toMatchObject({ code: "ROUTE_STALE" });
  expect((await put({ channel: "mqtt", version: 2 })).body).toMatchObject({ code: "ROUTE_INVALID" });
  expect((await put({ changes: ["exploded"] })).status).toBe(400);
  const renewed = await api.post(`notification-routes/${route.id}/secret`, { version: 2 });
  expect(renewed.body?.["secret"]).not.toBe(secret);
  expect((await api.delete(`notification-routes/${route.id}?version=2`)).status).toBe(409);
  expect((await api.delete(`notification-routes/${route.id}?version=3`)).status).toBe(204);
  expect((await api.post(`notification-routes/${route.id}/test`)).body).toMatchObject({
    code: "ROUTE_UNKNOWN",
  });
});
