import { rmSync } from "node:fs";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../harness/program.ts";
import { connectRaw } from "../harness/raw-device.ts";

interface Status {
  readonly status: string;
  readonly since: string;
  readonly reason: string;
}

const dataDir = dataFolder("presence");
let program: Program;
let mqttUrl: string;
let http: string;
let watcher: MqttClient;
/** What was said of each device, oldest first. */
let said: Map<string, Status[]>;

beforeAll(() => start());

afterAll(async () => {
  await watcher.endAsync(true);
  await program.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  program = startProgram([], { DATA_DIR: dataDir });
  const addresses = await program.ready();
  mqttUrl = addresses["mqtt"] ?? "";
  http = addresses["http"] ?? "";
  said = new Map();
  watcher = await connectAsync(mqttUrl, { clientId: `watcher-${Date.now()}`, reconnectPeriod: 0 });
  watcher.on("error", () => undefined);
  watcher.on("message", (topic, payload) => {
    const deviceId = topic.split("/")[1] ?? "";
    said.set(deviceId, [...(said.get(deviceId) ?? []), JSON.parse(String(payload))]);
  });
  await watcher.subscribeAsync("devices/+/status", { qos: 1 });
}

const lastOf = (deviceId: string): Status | undefined => said.get(deviceId)?.at(-1);

const becomes = (deviceId: string, status: string, reason: string): Promise<void> =>
  until(`${deviceId} is ${status}: ${reason}`, () => {
    const last = lastOf(deviceId);
    return last?.status === status && last.reason === reason;
  });

/** A device as most are: it speaks as itself. */
async function connectDevice(deviceId: string): Promise<MqttClient> {
  const device = await connectAsync(mqttUrl, { clientId: deviceId, reconnectPeriod: 0 });
  device.on("error", () => undefined);
  await device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "21.5", { qos: 1 });
  return device;
}

async function connectionOf(deviceId: string): Promise<unknown> {
  const answer = await fetch(`${http}/api/v1/devices`);
  // Our own answer.
  const { devices } = (await answer.json()) as { devices: { id: string; connection: unknown }[] };
  return devices.find(({ id }) => id === deviceId)?.connection;
}

test("a device that comes is online, and offline once it has said goodbye; both are retained", async () => {
  const device = await connectDevice("press-1");
  await becomes("press-1", "online", "connected");
  await until("the API knows", async () => (await connectionOf("press-1")) !== null);
  expect(await connectionOf("press-1")).toMatchObject({ isOnline: true, reason: "connected" });
  await device.endAsync();
  await becomes("press-1", "offline", "disconnected");
  expect(said.get("press-1")).toHaveLength(2);
  expect(Date.parse(lastOf("press-1")?.since ?? "")).toBeGreaterThan(Date.now() - 60_000);
  await until("the API knows", async () => JSON.stringify(await connectionOf("press-1")).includes("disconn"));
  expect(await connectionOf("press-1")).toMatchObject({ isOnline: false, reason: "disconnected" });

  const late = await connectAsync(mqttUrl);
  const heard = new Promise<[string, boolean]>((resolve) =>
    late.once("message", (_topic, payload, { retain }) => resolve([String(payload), retain])),
  );
  await late.subscribeAsync("devices/press-1/status");
  const [payload, retain] = await heard;
  expect(JSON.parse(payload)).toEqual(lastOf("press-1"));
  expect(retain).toBe(true);
  await late.endAsync();
});

test("a connection that breaks, and one that falls silent, are told apart", async () => {
  const device = await connectDevice("press-2");
  await becomes("press-2", "online", "connected");
  device.stream.destroy();
  await becomes("press-2", "offline", "lost");

  const silent = await connectRaw(portOf(mqttUrl), "press-3", { keepalive: 1 });
  silent.send({
    cmd: "publish",
    topic: "devices/press-3/telemetry",
    payload: '{"co2":1}',
    qos: 0,
    dup: false,
    retain: false,
  });
  await becomes("press-3", "online", "connected");
  await becomes("press-3", "offline", "keep_alive");
});

test("a second connection with the same client id takes the place of the first, and the device stays online", async () => {
  const first = await connectDevice("press-4");
  await becomes("press-4", "online", "connected");
  const second = await connectDevice("press-4");
  await becomes("press-4", "online", "replaced");
  await until("the first one is closed", () => !first.connected);
  expect(said.get("press-4")?.map(({ status }) => status)).toEqual(["online", "online"]);
  await second.endAsync();
  await becomes("press-4", "offline", "disconnected");
});

test("however a device flaps, what is said last is how it stands", async () => {
  for (let round = 0; round < 20; round += 1) {
    const device = await connectDevice("flapper");
    device.stream.destroy();
  }
  const last = await connectDevice("flapper");
  await until("it is said to be online", () => lastOf("flapper")?.status === "online");
  const sinceMs = Date.now() + 500;
  await until("a moment has passed", () => Date.now() > sinceMs);
  expect(lastOf("flapper")?.status).toBe("online");
  last.stream.destroy();
  await becomes("flapper", "offline", "lost");
});

test("of a device that only speaks HTTP, and of clients that are no devices, nothing is said", async () => {
  const body = JSON.stringify({ device_id: "by-http", metrics: [{ type: "temperature", value: 21 }] });
  expect((await fetch(`${http}/data`, { method: "POST", body })).status).toBe(202);
  await until("it is on the board", async () => (await connectionOf("by-http")) !== undefined);
  expect(await connectionOf("by-http")).toBeNull();
  const gateway = await connectAsync(mqttUrl, { clientId: "gateway" });
  await gateway.publishAsync("devices/behind-it/telemetry/temperature", "20", { qos: 1 });
  await gateway.endAsync();
  const marker = await connectDevice("marker");
  await becomes("marker", "online", "connected");
  await marker.endAsync();
  expect(["by-http", "gateway", "behind-it"].map((id) => said.get(id))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("nobody but the platform says who is connected", async () => {
  const liar = await connectAsync(mqttUrl, { clientId: "liar", reconnectPeriod: 0 });
  liar.on("error", () => undefined);
  liar.publish("devices/press-1/status", '{"status":"online"}', { qos: 1, retain: true });
  await until("it is cut off", () => !liar.connected);
  expect(lastOf("press-1")?.status).toBe("offline");
});

test("a hundred devices that come and go at once end as they are", async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `many-${index}`);
  const devices = await Promise.all(ids.map(connectDevice));
  await until("all are online", () => ids.every((id) => lastOf(id)?.status === "online"));
  for (const [index, device] of devices.entries()) if (index % 2 === 0) device.stream.destroy();
  await until("half of them are offline", () =>
    ids.every((id, index) => lastOf(id)?.status === (index % 2 === 0 ? "offline" : "online")),
  );
  await Promise.all(devices.map((device) => device.endAsync(true)));
});

test("a broker that stops says so of its devices, and one that is killed is found out by the next", async () => {
  await connectDevice("survivor");
  await becomes("survivor", "online", "connected");
  program.child.kill("SIGTERM");
  await becomes("survivor", "offline", "broker_stopped");
  expect(await program.exit()).toBe(0);

  await start();
  await until("what was retained is there again", () => lastOf("survivor")?.reason === "broker_stopped");
  await connectDevice("survivor");
  await becomes("survivor", "online", "connected");
  await until("it is in the database", async () =>
    JSON.stringify(await connectionOf("survivor")).includes("true"),
  );
  await program.kill("SIGKILL");

  await start();
  await becomes("survivor", "offline", "broker_died");
  expect(await connectionOf("survivor")).toMatchObject({ isOnline: false, reason: "broker_died" });
});
