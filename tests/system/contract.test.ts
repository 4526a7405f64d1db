import { rmSync } from "node:fs";
import { parquetReadObjects } from "hyparquet";
import { connectAsync, type MqttClient } from "mqtt";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApiClient } from "../../web/client/api/client.ts";
import { dataFolder } from "../data-folder.ts";
import { type ContractBook, openContractBook } from "../harness/contract.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";

const dataDir = dataFolder("contract");
let program: Program;
let url: string;
let book: ContractBook;
let device: MqttClient;
let browser: Socket;
/** Everything that was heard, as the kind of message and its fault. */
const heard: [what: string, fault: string | undefined][] = [];

beforeAll(async () => {
  program = startProgram([], { DATA_DIR: dataDir });
  const addresses = await program.ready();
  url = addresses["console"] ?? "";
  book = await openContractBook(url);
  device = await connectAsync(addresses["mqtt"] ?? "", { clientId: "press-1" });
  device.on("message", (topic, payload) => {
    const fault = book.faultOfMessage("mqtt", topic, JSON.parse(String(payload)));
    heard.push([topic.replace("press-1", "+"), fault]);
  });
  await device.subscribeAsync(["devices/+/#", "alarms/#"], { qos: 1 });
  browser = io(url, { transports: ["websocket"] });
  browser.onAny((event: string, payload: unknown) =>
    heard.push([event, book.faultOfMessage("socketio", event, payload)]),
  );
  await browser.emitWithAck("resume", null);
  browser.emit("watch", ["press-1"]);
  await device.publishAsync("devices/press-1/telemetry/temperature", "9999", { qos: 1 });
});

afterAll(async () => {
  browser?.disconnect();
  await device?.endAsync(true);
  await program.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

/** Asks, and answers with the status and what is wrong with the answer. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<[number, string | undefined, unknown]> {
  const answer = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const said: unknown = text === "" ? undefined : JSON.parse(text);
  return [answer.status, book.faultOfAnswer({ method, path, status: answer.status, body: said }), said];
}

test("what goes over MQTT and Socket.IO is as the contract says", async () => {
  const expected = [
    "devices/+/status",
    "devices/+/telemetry/temperature",
    "devices/+/anomalies",
    "devices/+/alarms",
    "readings",
    "event",
  ];
  const kinds = () => [...new Set(heard.map(([what]) => what))];
  await until(`${expected} are heard`, () => expected.every((what) => kinds().includes(what)));
  expect(heard.filter(([, fault]) => fault !== undefined)).toEqual([]);
});

test("what the API answers, and refuses, is as the contract says", async () => {
  const good = [
    "overview devices doors readings?device=press-1 anomalies?device=press-1 alarms rules tunings models ledger",
    "ledger/devices ledger/devices/press-1 rejected notifications notification-routes devices/press-1/commands",
    "access/devices services claims me audit devices?state=online&sort=alarms devices?sort=last-seen&q=PRESS",
  ];
  for (const path of good.join(" ").split(" "))
    expect([path, ...(await ask("GET", `/api/v1/${path}`)).slice(0, 2)]).toEqual([path, 200, undefined]);
  const refused: [number, string, string, unknown?][] = [
    [400, "GET", "/api/v1/devices?sort=size"],
    [400, "GET", "/api/v1/devices?cursor=x"],
    [400, "GET", "/api/v1/anomalies?from=2026-01-02&to=2026-01-01"],
    [404, "GET", "/api/v1/alarms/99"],
    [404, "GET", "/api/v1/models/nothing"],
    [409, "POST", "/api/v1/alarms/1/acknowledge", { version: 77 }],
    [400, "POST", "/api/v1/alarms/1/acknowledge", {}],
    [404, "GET", "/api/v1/devices/nobody/access"],
    [400, "POST", "/data", { device_id: "a" }],
  ];
  for (const [status, method, path, body] of refused)
    expect([path, ...(await ask(method, path, body)).slice(0, 2)]).toEqual([path, status, undefined]);
  for (const [status, method, path, body] of [
    [201, "POST", "/api/v1/devices", { id: "press-2" }],
    [204, "DELETE", "/api/v1/devices/press-2"],
    [200, "POST", "/api/v1/alarms/1/acknowledge", { version: 1 }],
    [202, "POST", "/data", { device_id: "legacy-1", metrics: [{ type: "temperature", value: 21 }] }],
    [200, "GET", "/latest"],
    [200, "GET", "/health"],
    [200, "POST", "/config", { active_device_timeout_seconds: 60 }],
  ] as [number, string, string, unknown?][])
    expect([path, ...(await ask(method, path, body)).slice(0, 2)]).toEqual([path, status, undefined]);
});

test("the typed client asks what it says, and an answer that has not changed is not sent again", async () => {
  const client = openApiClient(url);
  const { data } = await client.GET("/api/v1/devices", {
    params: { query: { type: "temperature", limit: 1 } },
  });
  expect(data?.devices).toMatchObject([
    { id: "legacy-1", state: "online", alarms: { open: 0, severity: null } },
  ]);
  const next = data?.next ?? "";
  const after = await client.GET("/api/v1/devices", { params: { query: { cursor: next } } });
  expect(after.data?.devices).toMatchObject([{ id: "press-1", alarms: { open: 1 } }]);
  const { error } = await client.GET("/api/v1/alarms/{id}", { params: { path: { id: 99 } } });
  expect(error?.code).toBe("ALARM_UNKNOWN");
  const first = await fetch(`${url}/docs/openapi.json`, { headers: { "accept-encoding": "br" } });
  expect([first.headers.get("content-encoding"), first.status]).toEqual(["br", 200]);
  const tag = first.headers.get("etag") ?? "";
  const again = await fetch(`${url}/docs/openapi.json`, { headers: { "if-none-match": tag } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});

test("readings leave as CSV and as Parquet, the same ones", async () => {
  const csv = await (await fetch(`${url}/api/v1/export.csv?device=press-1`)).text();
  const [head, line] = csv.split("\n");
  expect(head).toBe("device_id,sensor_type,timestamp,value,anomaly_score,is_anomaly,model_version");
  expect(line).toMatch(
    /^press-1,temperature,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z,9999,[\d.]+,true,temperature@/,
  );
  const parquet = await fetch(`${url}/api/v1/export.parquet?device=press-1&sensors=temperature`);
  const rows = await parquetReadObjects({ file: await parquet.arrayBuffer() });
  expect(rows).toMatchObject([{ device_id: "press-1", value: 9999, is_anomaly: true }]);
  expect((await ask("GET", "/api/v1/export.csv?from=tomorrow")).slice(0, 2)).toEqual([400, undefined]);
});
