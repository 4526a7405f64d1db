import { type MqttClient, connect as startConnecting } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import {
  closed,
  connectOnce,
  grantedTo,
  inSeconds,
  type Login,
  provision as provisionAt,
  returnCodeOf,
  tokenOf,
} from "../harness/logins.ts";
import type { Program } from "../harness/program.ts";
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
  gateway = services.start("gateway-http", {
    ACCESS: "credentials",
    LEGACY_HTTP_OPEN: "true",
    MQTT_URL: urls[0] ?? "",
  });
  const web = services.start("web", { WEB_PORT: "0" });
  api = apiAt((await web.ready())["console"] ?? "");
  await gateway.ready();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});

afterAll(() => services.stop());

type Shown = Omit<Login, "url"> & { readonly on?: string | undefined };

/** To the first broker unless another is named. */
const loginTo = ({ on = urls[0], ...shown }: Shown): Login => ({ url: on ?? "", ...shown });

async function connect(shown: Shown): Promise<MqttClient> {
  const client = await connectOnce(loginTo(shown));
  clients.push(client);
  return client;
}

const codeOf = (shown: Shown) => returnCodeOf(loginTo(shown));
const provision = (id: string) => provisionAt(api, id);
const loginOf = (id: string, password: string) => ({ clientId: id, username: id, password });
const token = (claims: Record<string, unknown>) => tokenOf(secret, claims);

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
    const soon = token({ sub: "by-token", exp: inSeconds(3) });
    const client = await connect({ ...loginOf("by-token", soon), username: "jwt" });
    // It ends five seconds after the token, for clocks differ.
    const end = closed(client);
    const refused = [
      loginOf("by-token", token({ sub: "by-token", exp: inSeconds(-60) })),
      loginOf("by-token", token({ sub: "by-token" })),
      loginOf("press-01", token({ sub: "by-token", exp: inSeconds(60) })),
      { clientId: "x", username: "jwt", password: token({ sub: "x", exp: inSeconds(60) }) },
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
    await talker.publishAsync("devices/talks/messages/x", "secret", { qos: 1 });
    const owner = await connect({ ...login, clientId: "kept/other" });
    await owner.publishAsync("devices/kept/messages/x", "own", { qos: 1 });
    const heard: string[] = [];
    const again = startConnecting(urls[0] ?? "", { ...login, reconnectPeriod: 0 });
    clients.push(again);
    again.on("message", (topic, payload) => {
      // It hears whether it is connected, too.
      if (topic.includes("/messages/")) heard.push(payload.toString());
    });
    await until("what waited has come", () => heard.length > 0);
    await again.publishAsync("devices/kept/messages/y", "last", { qos: 1 });
    await until("what it said itself has come", () => heard.includes("last"));
    expect(heard).toEqual(["own", "last"]);
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
    const later = token({ sub: "revoked", exp: inSeconds(60) });
    expect(await codeOf({ ...login, password: later })).toBe(5);
    await api.post("devices/revoked/enable");
    expect(await codeOf(login)).toBe(4);
    expect(await codeOf({ ...login, password: later })).toBe(0);
    expect((await api.delete("devices/revoked")).status).toBe(204);
    expect(await codeOf({ ...login, password: later })).toBe(4);
    expect((await api.get("devices/revoked/access")).status).toBe(404);
  });
});

test("a service account has the topics it is given, $SYS only if they say so, and no device's client id", async () => {
  const rights = { publish: ["devices/+/messages/#"], subscribe: ["devices/+/telemetry", "$SYS/#"] };
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
  await client.publishAsync("devices/heard/messages/reset", "1", { qos: 1 });
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
