import { createHmac } from "node:crypto";
import { connectAsync, type IClientOptions, type MqttClient, connect as startConnecting } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { metricOf, openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const secret = "0123456789abcdef0123456789abcdef";
const settings = { ACCESS: "credentials", JWT_SECRET: secret };

let services: Services;
let brokers: Program[];
let urls: string[];
let gateway: Program;
/** On the same database, with nobody asked who they are: what this file is about is the brokers. */
let api: Api;
const clients: MqttClient[] = [];

beforeAll(async () => {
  services = await openServices({ database: await createTestDatabase(inject("postgresUrl")) });
  brokers = [services.start("broker", settings), services.start("broker", settings)];
  urls = await Promise.all(brokers.map(async (broker) => (await broker.ready())["mqtt"] ?? ""));
  gateway = services.start("gateway-http", { ACCESS: "credentials", MQTT_URL: urls[0] ?? "" });
  const web = services.start("web", { WEB_PORT: "0" });
  api = apiAt((await web.ready())["console"] ?? "");
  await gateway.ready();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});

afterAll(() => services.stop());

interface Login extends IClientOptions {
  readonly on?: string | undefined;
}

/** Connects once: to the first broker unless another is named. */
async function connect({ on = urls[0], ...login }: Login): Promise<MqttClient> {
  const client = await connectAsync(on ?? "", { reconnectPeriod: 0, connectTimeout: 20_000, ...login });
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

/** The return code of the CONNACK that refuses; 0 when it does not. */
const codeOf = (login: Login): Promise<unknown> =>
  connect(login).then(
    () => 0,
    (error: { code?: unknown }) => error.code,
  );

async function provision(id: string): Promise<string> {
  const { text, status } = await api.post("devices", { id });
  expect(status).toBe(201);
  return /"password":"([^"]+)"/.exec(text)?.[1] ?? "";
}

const loginOf = (id: string, password: string): Login => ({ clientId: id, username: id, password });

function closed(client: MqttClient): Promise<number> {
  const begunMs = performance.now();
  return new Promise((resolve) => client.once("close", () => resolve(performance.now() - begunMs)));
}

/** What was granted of each filter; 128 for what was refused. */
async function grantedTo(client: MqttClient, filters: string[], qos: 0 | 1): Promise<unknown> {
  return new Promise((resolve) => {
    client.subscribe(filters, { qos }, (_error, _granted, packet) => resolve(packet?.granted));
  });
}

function tokenOf(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256" })}.${part(claims)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe("who shows credentials", () => {
  test("comes in with the right ones, and is told what is wrong with others", async () => {
    const password = await provision("press-01");
    expect(await codeOf(loginOf("press-01", password))).toBe(0);
    expect(await codeOf({ ...loginOf("press-01", password), clientId: "press-01/window 2" })).toBe(0);
    expect(await codeOf(loginOf("press-01", `${password}x`))).toBe(4);
    expect(await codeOf(loginOf("nobody", password))).toBe(4);
    expect(await codeOf({ clientId: "press-01" })).toBe(5);
    expect(await codeOf({ ...loginOf("press-01", password), clientId: "press-02" })).toBe(2);
    expect(await metricOf(brokers[0] as Program, "iot_mqtt_authentications_total")).toBeGreaterThan(5);
  });

  test("is provisioned one by one or many at once, with a chosen password, a made one or none", async () => {
    const devices = [
      { id: "many-1", password: "chosen by somebody" },
      { id: "many-2", labels: { site: "hall 2" } },
      { id: "many-3", password: null },
    ];
    const { status, body } = await api.post("devices", { devices });
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        devices: [
          { id: "many-1" },
          { id: "many-2", password: expect.stringMatching(/^.{24}$/) },
          { id: "many-3", password: null },
        ],
      },
    });
    expect(await codeOf(loginOf("many-1", "chosen by somebody"))).toBe(0);
    expect((await api.get("access/devices?after=many-&limit=2")).body).toMatchObject({
      devices: [{ id: "many-1" }, { id: "many-2", labels: { site: "hall 2" } }],
      next: "many-2",
    });
    for (const [fault, code] of [
      [{ id: "many-1" }, "DEVICE_EXISTS"],
      [{ id: "a/b" }, "DEVICE_ID_INVALID"],
      [{ id: "service" }, "DEVICE_ID_INVALID"],
      [{ id: "many-4", password: "short" }, "PASSWORD_INVALID"],
      [{ id: "many-4", labels: { "a b": "" } }, "QUERY_INVALID"],
      [{ devices: [{ id: "many-4" }, { id: "many-4" }] }, "DEVICE_ID_INVALID"],
    ] as const)
      expect((await api.post("devices", fault)).body?.["code"]).toBe(code);
    expect((await api.get("devices/many-4/access")).status).toBe(404);
  });

  test("may use two passwords during a rotation, and the old one until it ends", async () => {
    const old = await provision("rotated");
    const rotated = await api.post("devices/rotated/rotate", { overlapSeconds: 8 });
    const newer = String(rotated.body?.["password"]);
    const [first] = await Promise.all([
      connect(loginOf("rotated", old)),
      connect({ ...loginOf("rotated", newer), clientId: "rotated/new" }),
    ]);
    const access = await api.get("devices/rotated/access");
    expect(access.body?.["passwords"]).toHaveLength(2);
    expect(await closed(first)).toBeLessThan(12_000);
    expect(await codeOf(loginOf("rotated", old))).toBe(4);
    expect(await codeOf(loginOf("rotated", newer))).toBe(0);
  });

  test("by a token comes in until it expires", async () => {
    await provision("by-token");
    const token = tokenOf({ sub: "by-token", exp: inSeconds(3) });
    const client = await connect({ ...loginOf("by-token", token), username: "jwt" });
    // It ends five seconds after the token, for clocks differ.
    const end = closed(client);
    const refused = [
      loginOf("by-token", tokenOf({ sub: "by-token", exp: inSeconds(-60) })),
      loginOf("by-token", tokenOf({ sub: "by-token" })),
      loginOf("press-01", tokenOf({ sub: "by-token", exp: inSeconds(60) })),
      { clientId: "x", username: "jwt", password: tokenOf({ sub: "x", exp: inSeconds(60) }) },
    ];
    expect(await Promise.all(refused.map(codeOf))).toEqual([4, 4, 4, 4]);
    expect(await end).toBeLessThan(12_000);
  });
});

describe("a device", () => {
  test("uses its own topics and no others", async () => {
    const login = loginOf("own", await provision("own"));
    const client = await connect(login);
    await client.publishAsync("devices/own/telemetry", '{"temperature":21}', { qos: 1 });
    const filters = ["devices/own/#", "devices/+/anomalies", "#", "$SYS/#"];
    expect(await grantedTo(client, filters, 1)).toEqual([1, 128, 128, 128]);
    for (const topic of ["devices/other/telemetry", "anything", "$SYS/x", "devices/own"]) {
      const speaker = await connect({ ...login, clientId: `own/${topic.length}` });
      const end = closed(speaker);
      speaker.publish(topic, "{}", { qos: 0 });
      if (topic !== "devices/own") await end;
      else await speaker.publishAsync("devices/own/telemetry", "{}", { qos: 1 });
    }
    expect(
      await codeOf({
        ...login,
        will: { topic: "devices/other/telemetry", payload: Buffer.from("x"), qos: 1, retain: false },
      }),
    ).toBe(5);
    expect(
      await codeOf({
        ...login,
        will: { topic: "devices/own/telemetry", payload: Buffer.from("1"), qos: 1, retain: false },
      }),
    ).toBe(0);
  });

  test("gets nothing in a kept session of what it was refused", async () => {
    const login = { ...loginOf("kept", await provision("kept")), clean: false };
    const other = loginOf("talks", await provision("talks"));
    const client = await connect(login);
    expect(await grantedTo(client, ["devices/kept/#", "devices/talks/#", "#"], 1)).toEqual([1, 128, 128]);
    await client.endAsync();
    const talker = await connect(other);
    await talker.publishAsync("devices/talks/commands/x", "secret", { qos: 1 });
    const owner = await connect({ ...login, clientId: "kept/other" });
    await owner.publishAsync("devices/kept/commands/x", "own", { qos: 1 });
    const heard: string[] = [];
    const again = startConnecting(urls[0] ?? "", { ...login, reconnectPeriod: 0 });
    clients.push(again);
    again.on("message", (_topic, payload) => heard.push(payload.toString()));
    await until("what it may hear has come", () => heard.length > 0);
    await again.publishAsync("devices/kept/telemetry", "{}", { qos: 1 });
    expect(heard).toEqual(["own"]);
  });

  test("that is revoked is cut off within a second, at every broker, and stays out", async () => {
    const password = await provision("revoked");
    const login = loginOf("revoked", password);
    const both = await Promise.all(
      urls.map((on, place) => connect({ ...login, on, clientId: `revoked/${place}` })),
    );
    const bystander = await connect(loginOf("bystander", await provision("bystander")));
    const ends = both.map(closed);
    const begunMs = performance.now();
    expect((await api.post("devices/revoked/revoke")).status).toBe(204);
    await Promise.all(ends);
    expect(performance.now() - begunMs).toBeLessThan(1000);
    for (const on of urls) expect(await codeOf({ ...login, on })).toBe(5);
    expect(bystander.connected).toBe(true);
    const token = tokenOf({ sub: "revoked", exp: inSeconds(60) });
    expect(await codeOf({ ...login, password: token })).toBe(5);
    await api.post("devices/revoked/enable");
    expect(await codeOf(login)).toBe(4);
    expect(await codeOf({ ...login, password: token })).toBe(0);
    expect((await api.delete("devices/revoked")).status).toBe(204);
    expect(await codeOf({ ...login, password: token })).toBe(4);
    expect((await api.get("devices/revoked/access")).status).toBe(404);
  });
});

test("a service account has the topics it is given, $SYS only if they say so, and no device's client id", async () => {
  const rights = { publish: ["devices/+/commands/#"], subscribe: ["devices/+/telemetry", "$SYS/#"] };
  const { body } = await api.post("services", { name: "control", ...rights });
  const login = { username: String(body?.["userName"]), password: String(body?.["password"]) };
  expect(login.username).toBe("service/control");
  expect(await codeOf({ ...login, clientId: "press-01" })).toBe(2);
  const client = await connect({ ...login, clientId: "service/control/1" });
  const heard: string[] = [];
  client.on("message", (topic) => heard.push(topic));
  const filters = ["devices/+/telemetry", "$SYS/+/new/clients", "devices/#"];
  expect(await grantedTo(client, filters, 0)).toEqual([0, 0, 128]);
  const device = await connect(loginOf("heard", await provision("heard")));
  await device.publishAsync("devices/heard/telemetry", '{"temperature":21}', { qos: 1 });
  await until(
    "both were heard",
    () => heard.includes("devices/heard/telemetry") && heard.some((topic) => topic.startsWith("$SYS/")),
  );
  await client.publishAsync("devices/heard/commands/reset", "1", { qos: 1 });
  expect((await api.post("services", { name: "control", ...rights })).status).toBe(409);
  expect((await api.post("services", { name: "a b", ...rights })).body?.["code"]).toBe("NAME_INVALID");
  expect((await api.post("services", { name: "b", publish: ["a/#/b"], subscribe: [] })).body?.["code"]).toBe(
    "TOPIC_FILTER_INVALID",
  );
});

test("the gateway is let in as a part of the platform", async () => {
  const { http = "" } = await gateway.ready();
  const send = () =>
    fetch(`${http}/data`, {
      method: "POST",
      body: JSON.stringify({ device_id: "legacy", metrics: [{ type: "temperature", value: 20 }] }),
    });
  await until("it is connected", async () => (await send()).status === 202);
});

test("a device claims its credentials with a token, once, and as often as the token says", async () => {
  const { body } = await api.post("claims", { name: "line-3", maxUses: 2, labels: { line: "3" } });
  const claim = (device_id: string, token = body?.["token"]) => api.post("claim", { token, device_id });
  const claimed = await claim("claimer-1");
  expect(claimed).toMatchObject({ status: 201, body: { device_id: "claimer-1", user_name: "claimer-1" } });
  expect(await codeOf(loginOf("claimer-1", String(claimed.body?.["password"])))).toBe(0);
  expect(await claim("claimer-1")).toMatchObject({ status: 409, body: { code: "DEVICE_EXISTS" } });
  expect(await claim("claimer-2", "wrong")).toMatchObject({ status: 404, body: { code: "CLAIM_UNKNOWN" } });
  expect(await claim("a/b")).toMatchObject({ status: 400 });
  expect((await claim("claimer-2")).status).toBe(201);
  expect(await claim("claimer-3")).toMatchObject({ status: 403, body: { code: "CLAIM_USED_UP" } });
  expect((await api.get("claims")).body).toMatchObject({ claims: [{ name: "line-3", uses: 2, maxUses: 2 }] });
  expect((await api.get("devices/claimer-2/access")).body).toMatchObject({ labels: { line: "3" } });
});

describe("a list of devices", () => {
  test("is provisioned in one go, and the passwords that were made are in the answer", async () => {
    const chosen = "a, chosen password";
    const answer = await api.postCsv(
      "devices/import",
      `device_id,password,labels\nlist-1,,site=hall 2\nlist-2,"${chosen}",\n`,
    );
    expect(answer.status).toBe(201);
    const [, made = ""] = /^device_id,password\nlist-1,(\S+)\n$/.exec(answer.text) ?? [];
    expect(await codeOf(loginOf("list-1", made))).toBe(0);
    expect(await codeOf(loginOf("list-2", chosen))).toBe(0);
  });

  test("with a line at fault is not provisioned at all", async () => {
    const answer = await api.postCsv(
      "devices/import",
      "device_id,password\nlist-3,\nlist-1,\nlist-4,short\na/b,\n",
    );
    expect(answer).toMatchObject({ status: 400, body: { code: "LIST_INVALID" } });
    expect(answer.body?.["lines"]).toMatchObject([{ line: 4 }, { line: 5 }]);
    const taken = await api.postCsv("devices/import", "device_id\nlist-3\nlist-1\n");
    expect(taken.body?.["lines"]).toMatchObject([{ line: 3, reason: expect.stringMatching(/already/) }]);
    expect((await api.get("devices/list-3/access")).status).toBe(404);
  });
});

test("the command line provisions on the same database, and brokers hear of what it revokes", async () => {
  const run = async (...args: string[]) => {
    const program = startProgram(args, {
      DATABASE_URL: services.database.url,
      REDIS_URL: services.redis.url,
    });
    const code = await program.exit();
    return { code, output: program.output() };
  };
  const added = await run("devices", "add", "shell-1", "shell-2", "--labels", "site=hall 2");
  expect(added.code).toBe(0);
  const [, password = ""] = /^shell-1,(\S+)$/m.exec(added.output) ?? [];
  const client = await connect(loginOf("shell-1", password));
  expect(await run("devices", "add", "shell-1")).toMatchObject({
    code: 1,
    output: expect.stringMatching(/DEVICE_EXISTS/),
  });
  expect((await run("devices", "list")).output).toMatch(/^shell-2,yes,1,\S+,site=hall 2$/m);
  const end = closed(client);
  expect(await run("devices", "revoke", "shell-1")).toEqual({ code: 0, output: "done\n" });
  await end;
  expect((await run("services", "add", "shell", "--subscribe", "#")).output).toMatch(/^service\/shell,\S+$/m);
  expect((await run("claims", "add", "shell", "--uses", "3")).output).toMatch(/^shell,\S+$/m);
  expect((await run("claims", "list")).output).toMatch(/^shell,0,3,/m);
  const { body } = await api.get("devices/shell-1/access");
  expect(body).toMatchObject({ isEnabled: false, passwords: [] });
});
