import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { compare, loadRowsQuery, startLoad } from "../harness/load.ts";
import { freePort, until } from "../harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../harness/program.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

describe("four services as four processes", () => {
  let services: Services;
  let broker: Program;
  let gateway: Program;
  let processor: Program;
  let mqttUrl: string;
  let http: string;

  beforeAll(async () => {
    services = await openServices({
      database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
    });
    broker = services.start("broker");
    mqttUrl = (await broker.ready())["mqtt"] ?? "";
    gateway = services.start("gateway-http", { MQTT_URL: mqttUrl });
    processor = services.start("processor");
    http = (await gateway.ready())["http"] ?? "";
    await processor.ready();
  });

  afterAll(() => services.stop());

  test("a processor killed in mid-load and started again has stored every acknowledged reading once", async () => {
    const load = await startLoad({ mqttUrl, devices: 8, window: 50 });
    for (const round of [1, 2, 3]) {
      await until("the load runs", () => load.acknowledged.size > round * 4000);
      await processor.kill("SIGKILL");
      processor = services.start("processor");
    }
    await until("the load went on", () => load.acknowledged.size > 16_000);
    await load.stop();
    const storedAll = async () =>
      compare(load.acknowledged, await services.database.query<{ key: string }>(loadRowsQuery));
    await until("everything is stored", async () => (await storedAll()).missing === 0);
    expect(await storedAll()).toEqual({ missing: 0, doubled: 0 });
  });

  test("each service answers its probe", async () => {
    for (const program of [broker, gateway, processor]) {
      const { probe } = await program.ready();
      for (const path of ["live", "ready"]) expect((await fetch(`${probe}/${path}`)).status).toBe(200);
      expect(await (await fetch(`${probe}/metrics`)).text()).toContain("iot_readings_received_total");
    }
  });

  test("while Redis is away nothing is acknowledged, and what was sent arrives once it is back", async () => {
    const client = await connectAsync(mqttUrl, { clientId: "patient", clean: false, reconnectPeriod: 100 });
    client.on("error", () => undefined);
    await services.redis.stop("SIGKILL");
    let isAcknowledged = false;
    const sending = client
      .publishAsync("devices/patient/telemetry", '{"temperature":21,"timestamp":"2024-11-22T10:00:00Z"}', {
        qos: 1,
      })
      .then(() => {
        isAcknowledged = true;
      });
    const refused = await fetch(`${http}/data`, {
      method: "POST",
      body: JSON.stringify({ device_id: "hasty", metrics: [{ type: "temperature", value: 20 }] }),
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(isAcknowledged).toBe(false);
    await services.redis.start();
    await sending;
    await until("it is stored", async () => {
      const rows = await services.database.query("SELECT 1 FROM readings WHERE device_id = 'patient'");
      return rows.length === 1;
    });
    await client.endAsync(true);
  });

  test("without a broker the HTTP door answers 503, and takes readings again when the broker is back", async () => {
    const send = () =>
      fetch(`${http}/data`, {
        method: "POST",
        body: JSON.stringify({ device_id: "later", metrics: [{ type: "temperature", value: 20 }] }),
      });
    await broker.kill("SIGKILL");
    await until("the gateway noticed", async () => (await send()).status === 503, { withinMs: 10_000 });
    const refused = await send();
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(await refused.json()).toMatchObject({ code: "BROKER_DOWN" });
    broker = services.start("broker", { MQTT_PORT: `${portOf(mqttUrl)}` });
    await broker.ready();
    await until("readings are taken again", async () => (await send()).status === 202);
  });
});

test("the whole platform on Redis and PostgreSQL in one process stores and serves", async () => {
  const database = await createTestDatabase(inject("postgresUrl"));
  const port = await freePort();
  const settings = { REDIS_URL: `${inject("redisUrl")}/7`, DATABASE_URL: database.url, HTTP_PORT: `${port}` };
  const program = startProgram([], settings);
  const { http = "" } = await program.ready();
  const answer = await fetch(`${http}/data`, {
    method: "POST",
    body: JSON.stringify({ device_id: "whole", metrics: [{ type: "temperature", value: 21 }] }),
  });
  expect(answer.status).toBe(202);
  await until("it is served", async () => (await (await fetch(`${http}/latest`)).text()).includes('"whole"'));
  program.child.kill("SIGTERM");
  expect(await program.exit()).toBe(0);
  await database.drop();
});
