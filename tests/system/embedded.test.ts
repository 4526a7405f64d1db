import { rmSync } from "node:fs";
import { connect } from "node:net";
import { sql } from "kysely";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../platform/database/database.ts";
import { startEmbeddedDatabase } from "../../platform/database/embedded-database.ts";
import { openLog } from "../../platform/telemetry.ts";
import { dataFolder } from "../data-folder.ts";
import { compare, loadRowsQuery, startLoad } from "../harness/load.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../harness/program.ts";

interface LegacyDevice {
  readonly device_id: string;
  readonly timestamp: string;
  readonly metrics: readonly { type: string; value: number; result: string; confidence: number }[];
}

async function json<T>(url: string, init?: RequestInit): Promise<T> {
  // The caller asserts what it expects of the answer.
  return (await (await fetch(url, init)).json()) as T;
}

async function latestOf(http: string, deviceId: string): Promise<LegacyDevice | undefined> {
  return (await json<LegacyDevice[]>(`${http}/latest`)).find((device) => device.device_id === deviceId);
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The rows of a data directory whose program is gone, read as the program would. */
async function rowsIn(dataDir: string): Promise<readonly { key: string }[]> {
  const log = openLog({ level: "silent", format: "json" });
  const embedded = await startEmbeddedDatabase(dataDir, { log, onLost: () => undefined });
  const database = await openDatabase({ url: embedded.url, log, isSole: true, connections: 1 });
  const { rows } = await sql.raw<{ key: string }>(loadRowsQuery).execute(database.db);
  await database.close();
  await embedded.stop();
  return rows;
}

describe("the whole platform in one process", () => {
  const dataDir = dataFolder("embedded");
  let program: Program;
  let http: string;
  let mqttUrl: string;
  let mqtt: MqttClient;

  beforeAll(async () => {
    program = startProgram([], { DATA_DIR: dataDir });
    const addresses = await program.ready();
    http = addresses["http"] ?? "";
    mqttUrl = addresses["mqtt"] ?? "";
    mqtt = await connectAsync(mqttUrl);
  });

  afterAll(async () => {
    await mqtt.endAsync(true);
    await program.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });

  test.each([
    ["shape-legacy", "", '{"device_id":"shape-legacy","metrics":[{"type":"temperature","value":21.5}]}'],
    ["shape-flat", "", '{"temperature":21.5,"timestamp":"2024-01-01T10:00:00.123456Z"}'],
    [
      "shape-array",
      "",
      '[{"temperature":20,"timestamp":1704189600},{"temperature":21.5,"timestamp":1704189601}]',
    ],
    ["shape-number", "/temperature", "21.5"],
    ["shape-value", "/temperature", '{"value":21.5,"timestamp":1704189600123}'],
  ])("%s published over MQTT is in /latest within a second", async (deviceId, suffix, payload) => {
    await mqtt.publishAsync(`devices/${deviceId}/telemetry${suffix}`, payload, { qos: 1 });
    await until(`${deviceId} in /latest`, async () => (await latestOf(http, deviceId)) !== undefined, {
      withinMs: 1000,
    });
    const device = await latestOf(http, deviceId);
    expect(device?.metrics).toEqual([
      { type: "temperature", value: 21.5, result: "normal", confidence: expect.any(Number) },
    ]);
  });

  test("a legacy client's POST is answered 202 and its reading is served with all its digits", async () => {
    const answer = await post(`${http}/data`, {
      device_id: "legacy",
      timestamp: "2024-11-22T10:00:00.123456",
      metrics: [
        { type: "temperature", value: 99 },
        { type: "humidity", value: 50 },
      ],
    });
    expect([answer.status, await answer.json()]).toEqual([202, { status: "Data accepted" }]);
    const device = await latestOf(http, "legacy");
    expect(device?.timestamp).toBe("2024-11-22T10:00:00.123456+00:00");
    expect(device?.metrics.map(({ type, result }) => [type, result])).toEqual([
      ["humidity", "normal"],
      ["temperature", "anomaly"],
    ]);
    for (const { confidence } of device?.metrics ?? []) {
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
  });

  test("an HTTP device is heard by MQTT subscribers, and its anomaly announced", async () => {
    const heard: string[] = [];
    mqtt.on("message", (topic) => heard.push(topic));
    await mqtt.subscribeAsync("devices/bridged/#", { qos: 1 });
    await post(`${http}/data`, { device_id: "bridged", metrics: [{ type: "temperature", value: 150 }] });
    // Its alarm comes as well, a moment sooner or later.
    const awaited = ["devices/bridged/telemetry", "devices/bridged/anomalies"];
    await until("both messages", () => awaited.every((topic) => heard.includes(topic)));
  });

  test.each([
    ["", "PAYLOAD_EMPTY"],
    ["not json", "PAYLOAD_NOT_JSON"],
    ['{"metrics":[{"type":"temperature","value":1}]}', "DEVICE_ID_MISSING"],
    ['{"device_id":"x","metrics":[{"type":"temperature","value":"warm"}]}', "VALUE_NOT_A_NUMBER"],
    ['{"device_id":"x","metrics":[]}', "METRICS_EMPTY"],
    // The broker would cut off whoever publishes on such a topic: here all devices that speak HTTP.
    ['{"device_id":"x\u0085y","metrics":[{"type":"temperature","value":1}]}', "DEVICE_ID_INVALID"],
    [JSON.stringify({ device_id: "x", filler: "y".repeat(300_000) }), "PAYLOAD_TOO_LARGE"],
  ])("a bad body is answered 400 with its code (%#: %.20s → %s)", async (body, code) => {
    const answer = await post(`${http}/data`, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.any(String), code });
  });

  test("a bad MQTT payload is acknowledged and kept where an operator sees it", async () => {
    await mqtt.publishAsync("devices/broken/telemetry", "x".repeat(5000), { qos: 1 });
    await mqtt.publishAsync("some/other/topic", "1", { qos: 1 });
    const { rejected } = await json<{ rejected: Record<string, unknown>[] }>(
      `${http}/api/v1/rejected?limit=2`,
    );
    expect(rejected).toMatchObject([
      { code: "TOPIC_UNKNOWN", source: "some/other/topic", payload: "1", deviceId: null },
      { code: "PAYLOAD_NOT_JSON", deviceId: "broken", payloadBytes: 5000, payload: "x".repeat(4096) },
    ]);
  });

  test("a client that speaks as the platform is cut off without an acknowledgement", async () => {
    const liar = await connectAsync(mqttUrl, { reconnectPeriod: 0 });
    const closed = new Promise<void>((resolve) => liar.once("close", () => resolve()));
    const acknowledged = liar.publishAsync("devices/x/anomalies", "{}", { qos: 1 });
    acknowledged.catch(() => undefined);
    await closed;
    await liar.endAsync(true);
    await expect(acknowledged).rejects.toThrow();
  });

  test("the health, config and unknown routes answer as documented", async () => {
    expect(await json(`${http}/health`)).toEqual({ status: "healthy" });
    for (const body of [
      {},
      { active_device_timeout_seconds: 0 },
      { active_device_timeout_seconds: "x" },
      "junk",
    ]) {
      expect((await post(`${http}/config`, body)).status).toBe(400);
    }
    const missing = await fetch(`${http}/nothing`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: "NOT_FOUND" }]);
    // For a person the console says so.
    const page = await fetch(`${http}/nothing`, { headers: { accept: "text/html" } });
    expect([page.status, await page.text()]).toEqual([
      404,
      expect.stringContaining("<title>Tidemark</title>"),
    ]);
  });

  test("a silent device leaves /latest and the board, keeps its history, and comes back with its next reading", async () => {
    const answer = await post(`${http}/config`, { active_device_timeout_seconds: 1 });
    expect(await answer.json()).toEqual({ status: "updated", active_device_timeout_seconds: 1 });
    await post(`${http}/data`, { device_id: "sleepy", metrics: [{ type: "temperature", value: 21 }] });
    expect(await latestOf(http, "sleepy")).toBeDefined();
    await until("it is pruned", async () => {
      const { devices } = await json<{ devices: { id: string }[] }>(`${http}/api/v1/devices?state=active`);
      return devices.length === 0 && (await latestOf(http, "sleepy")) === undefined;
    });
    const history = await json<{ series: unknown[] }>(`${http}/api/v1/readings?device=sleepy`);
    expect(history.series).toHaveLength(1);
    await post(`${http}/data`, { device_id: "sleepy", metrics: [{ type: "temperature", value: 22 }] });
    expect((await latestOf(http, "sleepy"))?.metrics[0]?.value).toBe(22);
  });

  test("a second program on the same data directory ends with one clear line", async () => {
    const second = startProgram([], { DATA_DIR: dataDir });
    expect(await second.exit()).toBe(1);
    expect(second.output()).toMatch(/^tidemark: DATA_DIR_LOCKED: .*held by process \d+/m);
  });

  test("a body is JSON whatever its Content-Type says", async () => {
    for (const contentType of ["json", "text/plain", "application/x-www-form-urlencoded"]) {
      const answer = await fetch(`${http}/data`, {
        method: "POST",
        headers: { "content-type": contentType },
        body: '{"device_id":"careless","metrics":[{"type":"temperature","value":21}]}',
      });
      expect([contentType, answer.status]).toEqual([contentType, 202]);
    }
  });

  test("hostile input is refused and harms nobody", async () => {
    await mqtt.publishAsync(
      "devices/deep/telemetry",
      `{"temperature":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
      { qos: 1 },
    );
    await mqtt.publishAsync("devices/deep/nowhere", "1", { qos: 1 });
    const stranger = await connectAsync(mqttUrl, { reconnectPeriod: 0 });
    const isCutOff = new Promise<void>((resolve) => stranger.once("close", () => resolve()));
    // MQTT-1.5.3-2: no NUL in a topic.
    stranger.publish("devices/\u0000/telemetry", "1", { qos: 1 }, () => undefined);
    await isCutOff;
    expect((await fetch(`${http}/api/v1/readings?device=%00`)).status).toBe(400);
    expect((await fetch(`${http}/api/v1/readings?device=a&limit=0`)).status).toBe(400);
    expect(
      (await post(`${http}/data`, { device_id: "well", metrics: [{ type: "temperature", value: 21 }] }))
        .status,
    ).toBe(202);
    const { rejected } = await json<{ rejected: { code: string }[] }>(`${http}/api/v1/rejected?limit=2`);
    expect(rejected.map(({ code }) => code).sort()).toEqual(["TOPIC_UNKNOWN", "VALUE_NOT_A_NUMBER"]);
  });

  test("SIGTERM ends it with 0, and after a restart readings and settings are as before", async () => {
    // Sockets that never say a word, as browsers open them ahead of need.
    const ports = Object.values(await program.ready()).flatMap(
      (value) => /^[a-z]+:\/\/.*:(\d+)$/.exec(value)?.[1] ?? [],
    );
    const silent = ports.map((port) => connect(Number(port), "127.0.0.1").on("error", () => undefined));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    const startedMs = performance.now();
    program.child.kill("SIGTERM");
    expect(await program.exit()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    program = startProgram([], { DATA_DIR: dataDir });
    http = (await program.ready())["http"] ?? "";
    const { series } = await json<{ series: { points: number[][] }[] }>(
      `${http}/api/v1/readings?device=sleepy`,
    );
    expect(series[0]?.points.map((point) => point[1])).toEqual([21, 22]);
    // One second, as POST /config said before the restart: the device is long gone.
    expect(await latestOf(http, "sleepy")).toBeUndefined();
  });
});

describe.each(["SIGKILL", "SIGTERM"] as const)("ended by %s under load", (signal) => {
  test("every acknowledged reading is stored once", async () => {
    const dataDir = dataFolder("crash");
    const first = startProgram([], { DATA_DIR: dataDir });
    const addresses = await first.ready();
    const port = portOf(addresses["mqtt"]);
    const load = await startLoad({ mqttUrl: addresses["mqtt"] ?? "", devices: 4, window: 50 });
    await until("the load runs", () => load.acknowledged.size > 3000);
    first.child.kill(signal);
    expect(await first.exit()).toBe(signal === "SIGTERM" ? 0 : null);
    const atTheEnd = load.acknowledged.size;
    const second = startProgram([], { DATA_DIR: dataDir, MQTT_PORT: `${port}` });
    await second.ready();
    await until("the load goes on", () => load.acknowledged.size > atTheEnd + 3000);
    await load.stop();
    await second.kill("SIGTERM");
    expect(compare(load.acknowledged, await rowsIn(dataDir))).toEqual({ missing: 0, doubled: 0 });
    rmSync(dataDir, { recursive: true, force: true });
  });
});
