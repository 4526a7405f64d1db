import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { type Program, portOf } from "../harness/program.ts";
import { connectRaw } from "../harness/raw-device.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

interface Message {
  readonly id: string;
  readonly expires: string;
  readonly payload: unknown;
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly by: string;
  readonly payload: unknown;
  readonly answer: unknown;
}

let services: Services;
let broker: Program;
let web: Program;
let mqttUrl: string;
let consoleUrl: string;

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
  });
  // In any order: the broker finds the tables once web has made them.
  broker = services.start("broker");
  mqttUrl = (await broker.ready())["mqtt"] ?? "";
  web = services.start("web");
  consoleUrl = (await web.ready())["console"] ?? "";
  await until("the broker is known", async () => {
    return (await services.database.query("SELECT 1 FROM brokers")).length === 1;
  });
});

afterAll(() => services.stop());

const urlOf = (deviceId: string, rest = "") => `${consoleUrl}/api/v1/devices/${deviceId}/commands${rest}`;

function give(deviceId: string, name: string, body: object = {}): Promise<Response> {
  return fetch(urlOf(deviceId, `/${name}`), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function json<T>(answering: Promise<Response> | Response): Promise<T> {
  // The caller asserts what it expects of the answer.
  return (await (await answering).json()) as T;
}

async function listed(deviceId: string): Promise<readonly Listed[]> {
  return (await json<{ commands: Listed[] }>(fetch(urlOf(deviceId)))).commands;
}

const stateOf = async (deviceId: string): Promise<string | undefined> => (await listed(deviceId))[0]?.state;

/** A device that does what it is told, and says so unless it is mute. */
async function connectDevice(
  deviceId: string,
  { isMute = false, clean = true } = {},
): Promise<{ client: MqttClient; got: { name: string; message: Message }[] }> {
  const client = await connectAsync(mqttUrl, { clientId: deviceId, clean, reconnectPeriod: 100 });
  client.on("error", () => undefined);
  const got: { name: string; message: Message }[] = [];
  client.on("message", (topic, payload) => {
    const name = topic.split("/")[3] ?? "";
    // What the platform sends.
    const message = JSON.parse(String(payload)) as Message;
    got.push({ name, message });
    if (!isMute)
      client.publish(
        `${topic}/answer`,
        JSON.stringify({ id: message.id, did: name, with: message.payload }),
        {
          qos: 1,
        },
      );
  });
  await client.subscribeAsync(`devices/${deviceId}/commands/+`, { qos: 1 });
  return { client, got };
}

test("a device that is there is told, and its answer is the answer", async () => {
  const { client } = await connectDevice("press-1");
  const startedMs = performance.now();
  const payload = { delay: 5, note: "grüße\0\ud800" };
  const answered = await give("press-1", "reboot", { payload });
  expect(answered.status).toBe(200);
  const { id, state, answer } = await json<Listed>(answered);
  expect(state).toBe("answered");
  expect(answer).toEqual({ id, did: "reboot", with: payload });
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect(await listed("press-1")).toMatchObject([
    { id, name: "reboot", state: "answered", by: "anyone", payload, answer },
  ]);
  const [audited] = await services.database.query(
    "SELECT by, action, target FROM audit ORDER BY audit.id DESC LIMIT 1",
  );
  expect(audited).toEqual({ by: "anyone", action: "command.queue", target: "press-1" });
  await client.endAsync();
});

test("a device that is away is told when it comes and listens, in order", async () => {
  const ids: string[] = [];
  for (const name of ["first", "second", "third"]) {
    const queued = await give("press-2", name, { payload: name });
    expect(queued.status).toBe(202);
    const { id, state } = await json<Listed>(queued);
    expect(state).toBe("queued");
    ids.push(id);
  }
  const { client, got } = await connectDevice("press-2");
  await until("it got all of them", () => got.length === 3);
  expect(got.map(({ message }) => message.id)).toEqual(ids);
  expect(got.map(({ name }) => name)).toEqual(["first", "second", "third"]);
  await until("all are answered", async () =>
    (await listed("press-2")).every(({ state }) => state === "answered"),
  );
  await client.endAsync();
});

test("a command that has expired is never delivered, nor by a session that was kept", async () => {
  const raw = await connectRaw(portOf(mqttUrl), "press-3", { clean: false });
  await raw.subscribe("devices/press-3/commands/+");
  const waiting = give("press-3", "open", { expires_seconds: 2, timeout_seconds: 1 });
  await until("it was sent", () => raw.published().length === 1);
  // It goes without an acknowledgement.
  raw.socket.destroy();
  expect((await waiting).status).toBe(202);
  expect((await give("press-3", "shut", { expires_seconds: 1 })).status).toBe(202);
  await until("they are expired", async () =>
    (await listed("press-3")).every(({ state }) => state === "expired"),
  );
  const back = await connectRaw(portOf(mqttUrl), "press-3", { clean: false });
  await give("press-3", "marker", { timeout_seconds: 0 });
  await until("it got what is valid", () => back.published().length > 0);
  expect(back.published().map(({ topic }) => topic)).toEqual(["devices/press-3/commands/marker"]);
  back.socket.destroy();
});

test("a device that does not answer in time makes a 504, and its late answer is kept", async () => {
  const { client, got } = await connectDevice("press-4", { isMute: true });
  const late = await give("press-4", "think", { timeout_seconds: 1 });
  expect(late.status).toBe(504);
  const { code, id } = await json<{ code: string; id: string }>(late);
  expect([code, id]).toEqual(["COMMAND_UNANSWERED", got[0]?.message.id]);
  expect(await stateOf("press-4")).toBe("delivered");
  await client.publishAsync("devices/press-4/commands/think/answer", JSON.stringify({ id, result: 42 }), {
    qos: 1,
  });
  await until("it is answered", async () => (await stateOf("press-4")) === "answered");
  expect((await listed("press-4"))[0]?.answer).toEqual({ id, result: 42 });
  await client.endAsync();
});

test("a command that was not sent yet can be called back; one that was sent cannot", async () => {
  const { id } = await json<Listed>(give("press-5", "regret", { timeout_seconds: 0 }));
  expect((await fetch(urlOf("press-5", `/${id}`), { method: "DELETE" })).status).toBe(204);
  expect(await stateOf("press-5")).toBe("cancelled");
  const again = await fetch(urlOf("press-5", `/${id}`), { method: "DELETE" });
  expect([again.status, (await json<{ code: string }>(again)).code]).toEqual([409, "COMMAND_OVER"]);
  expect((await fetch(urlOf("press-6", `/${id}`), { method: "DELETE" })).status).toBe(404);

  const raw = await connectRaw(portOf(mqttUrl), "press-5");
  await raw.subscribe("devices/press-5/commands/+");
  const sent = await json<Listed>(give("press-5", "go", { timeout_seconds: 1 }));
  expect(raw.published().map(({ topic }) => topic)).toEqual(["devices/press-5/commands/go"]);
  const refused = await fetch(urlOf("press-5", `/${sent.id}`), { method: "DELETE" });
  expect([refused.status, (await json<{ code: string }>(refused)).code]).toEqual([409, "COMMAND_SENT"]);
  raw.socket.destroy();
});

test("what was queued, or sent and not acknowledged, outlives a killed broker", async () => {
  const raw = await connectRaw(portOf(mqttUrl), "press-7");
  await raw.subscribe("devices/press-7/commands/+");
  const unacknowledged = await json<Listed>(give("press-7", "one", { timeout_seconds: 1 }));
  await until("it was sent", () => raw.published().length === 1);
  const behind = await json<Listed>(give("press-7", "two", { timeout_seconds: 0 }));
  await broker.kill("SIGKILL");
  const meanwhile = await json<Listed>(give("press-7", "three", { timeout_seconds: 0 }));
  broker = services.start("broker", { MQTT_PORT: `${portOf(mqttUrl)}` });
  await broker.ready();
  const { client, got } = await connectDevice("press-7");
  await until("it got all of them", () => got.length === 3);
  expect(got.map(({ message }) => message.id)).toEqual([unacknowledged.id, behind.id, meanwhile.id]);
  await client.endAsync();
});

test("an order outlives the web server that took it", async () => {
  const waiting = give("press-8", "stay", { timeout_seconds: 20 }).catch(() => undefined);
  await until("it is queued", async () => {
    const rows = await services.database.query("SELECT 1 FROM commands WHERE device_id = 'press-8'");
    return rows.length === 1;
  });
  await web.kill("SIGKILL");
  await waiting;
  const { client, got } = await connectDevice("press-8");
  await until("it is delivered", () => got.length === 1);
  web = services.start("web");
  consoleUrl = (await web.ready())["console"] ?? "";
  await until("it is answered", async () => (await stateOf("press-8")) === "answered");
  await client.endAsync();
});

test("a device that comes while the database is asked for another is told too: three hundred at once", async () => {
  const ids = Array.from({ length: 300 }, (_, index) => `crowd-${index}`);
  for (const id of ids.slice(0, 30)) await give(id, "hello", { timeout_seconds: 0 });
  const devices = await Promise.all(ids.map((id) => connectDevice(id)));
  await until("each that waits got its own", () => devices.slice(0, 30).every(({ got }) => got.length === 1));
  expect(devices.slice(30).every(({ got }) => got.length === 0)).toBe(true);
  await Promise.all(devices.map(({ client }) => client.endAsync(true)));
});

test("only the platform gives commands, and an answer counts for the device it comes from", async () => {
  const liar = await connectAsync(mqttUrl, { clientId: "liar", reconnectPeriod: 0 });
  liar.on("error", () => undefined);
  liar.publish("devices/press-9/commands/reboot", "{}", { qos: 1 });
  await until("it is cut off", () => !liar.connected);

  const { client, got } = await connectDevice("press-9", { isMute: true });
  const waiting = give("press-9", "count", { timeout_seconds: 3 });
  await until("it is delivered", () => got.length === 1);
  const id = got[0]?.message.id;
  await client.publishAsync("devices/press-10/commands/count/answer", JSON.stringify({ id, n: 1 }), {
    qos: 1,
  });
  await client.publishAsync("devices/press-9/commands/count/answer", "no json", { qos: 1 });
  await client.publishAsync("devices/press-9/commands/count/answer", JSON.stringify({ id, n: 2 }), {
    qos: 1,
  });
  const answered = await waiting;
  expect([answered.status, (await json<Listed>(answered)).answer]).toEqual([200, { id, n: 2 }]);
  await client.endAsync();
});

test.each([
  ["press-1", "two words", {}, 400, "QUERY_INVALID"],
  ["%23", "reboot", {}, 400, "DEVICE_ID_INVALID"],
  ["press-1", "reboot", { timeout_seconds: 26 }, 400, "QUERY_INVALID"],
  ["press-1", "reboot", { expires_seconds: 0 }, 400, "QUERY_INVALID"],
  ["press-1", "reboot", { payload: "x".repeat(20_000) }, 400, "PAYLOAD_TOO_LARGE"],
])("%s is not told %j with %j", async (...[deviceId, name, body, status, code]) => {
  const refused = await give(deviceId, encodeURIComponent(name), body);
  expect([refused.status, (await json<{ code: string }>(refused)).code]).toEqual([status, code]);
});

test("a form of another site gives no command", async () => {
  const refused = await fetch(urlOf("press-1", "/reboot"), {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: "{}",
  });
  expect(refused.status).toBe(415);
});

test("a hundred commands can wait for a device and no more", async () => {
  for (let count = 0; count < 100; count += 1)
    expect((await give("full", "wait", { timeout_seconds: 0 })).status).toBe(202);
  const refused = await give("full", "wait", { timeout_seconds: 0 });
  expect([refused.status, (await json<{ code: string }>(refused)).code]).toEqual([429, "COMMANDS_TOO_MANY"]);
});
