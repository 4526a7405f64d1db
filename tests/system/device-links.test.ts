import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import { connectOnce, provision } from "../harness/logins.ts";
import type { Program } from "../harness/program.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const settings = { ACCESS: "credentials" };
let services: Services;
let brokers: Program[];
let urls: string[];
let api: Api;
const clients: MqttClient[] = [];

beforeAll(async () => {
  services = await openServices({ database: await createTestDatabase(inject("postgresUrl")) });
  brokers = [services.start("broker", settings), services.start("broker", settings)];
  urls = await Promise.all(brokers.map(async (broker) => (await broker.ready())["mqtt"] ?? ""));
  // Nobody is asked who they are there: what this file is about is the brokers.
  const web = services.start("web", { WEB_PORT: "0" });
  api = apiAt((await web.ready())["console"] ?? "");
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await services.stop();
});

async function connect(
  place: number,
  login: { username: string; password: string },
  clientId = login.username,
) {
  const client = await connectOnce({ url: urls[place] ?? "", clientId, ...login });
  clients.push(client);
  return client;
}

async function newDevice(username: string) {
  return { username, password: await provision(api, username) };
}

async function presenceOf(deviceId: string): Promise<string> {
  const rows = await services.database.query<{ is_online: boolean; reason: string }>(
    "SELECT is_online, reason FROM presence WHERE device_id = $1",
    [deviceId],
  );
  return rows.map(({ is_online, reason }) => `${is_online ? "online" : "offline"} ${reason}`).join();
}

const becomes = (deviceId: string, presence: string) =>
  until(`${deviceId} is ${presence}`, async () => (await presenceOf(deviceId)) === presence);

test("a device is known by its credentials from the moment it connects, and leaves for the reason it is sent away", async () => {
  const login = await newDevice("press-1");
  const rights = { publish: [], subscribe: ["devices/+/status"] };
  const { body } = await api.post("services", { name: "watch", ...rights });
  const watch = { username: String(body?.["userName"]), password: String(body?.["password"]) };
  const watcher = await connect(0, watch);
  const said: string[] = [];
  watcher.on("message", (topic, payload) => said.push(`${topic} ${JSON.parse(String(payload)).reason}`));
  await watcher.subscribeAsync("devices/+/status", { qos: 1 });

  await connect(0, login, "press-1/main");
  await becomes("press-1", "online connected");
  expect((await api.post("devices/press-1/revoke")).status).toBe(204);
  await becomes("press-1", "offline revoked");
  await until("it was told", () => said.length === 2);
  expect(said).toEqual(["devices/press-1/status connected", "devices/press-1/status revoked"]);
  expect(await presenceOf("service/watch")).toBe("");
});

test("a device that moved to another broker stays online when the first one notices", async () => {
  const login = await newDevice("press-2");
  const first = await connect(0, login);
  await becomes("press-2", "online connected");
  const [before] = await services.database.query("SELECT broker FROM presence WHERE device_id = 'press-2'");
  await connect(1, login);
  await until("it is at the other broker", async () => {
    const [now] = await services.database.query("SELECT broker FROM presence WHERE device_id = 'press-2'");
    return now?.["broker"] !== before?.["broker"];
  });
  first.stream.destroy();
  const marker = await connect(0, await newDevice("marker"));
  await becomes("marker", "online connected");
  await marker.endAsync();
  await becomes("marker", "offline disconnected");
  expect(await presenceOf("press-2")).toBe("online connected");
});

test("a command is delivered by the broker that has the device, over the device's own topics", async () => {
  const login = await newDevice("press-3");
  const device = await connect(1, login, "press-3/main");
  device.on("message", (topic, payload) => {
    // Its own status and its own answer are among what it hears.
    if (!topic.endsWith("/led")) return;
    const { id, payload: given } = JSON.parse(String(payload));
    device.publish(`${topic}/answer`, JSON.stringify({ id, given }), { qos: 1 });
  });
  await device.subscribeAsync("devices/press-3/#", { qos: 1 });
  const { status, body } = await api.post("devices/press-3/commands/led", { payload: [1, null] });
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: "answered", answer: { given: [1, null] } });
});

test("devices of a killed broker are offline within seconds, and online once they are at another", async () => {
  const login = await newDevice("press-4");
  await connect(1, login);
  await becomes("press-4", "online connected");
  const killedMs = performance.now();
  await brokers[1]?.kill("SIGKILL");
  await becomes("press-4", "offline broker_died");
  expect(performance.now() - killedMs).toBeLessThan(8000);
  await connect(0, login);
  await becomes("press-4", "online connected");
});
