import { connectAsync } from "mqtt";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { announcedKeys } from "../harness/books.ts";
import { until } from "../harness/local-servers.ts";
import type { Program } from "../harness/program.ts";
import { openServices, type Services, untilShares } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let mqttUrl: string;
let processor: Program;

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
    // What it has taken is still there after its kill.
    redisSettings: ["--appendfsync", "always"],
  });
  const broker = services.start("broker");
  processor = services.start("processor");
  mqttUrl = (await broker.ready())["mqtt"] ?? "";
  await untilShares([processor], [8]);
});

afterAll(() => services.stop());

/** Lets an anomaly be stored at a moment when nothing can be announced, and leaves Redis stopped. */
async function storeUnsaid(deviceId: string): Promise<void> {
  const client = new pg.Client({ connectionString: services.database.url });
  await client.connect();
  await client.query("BEGIN");
  await client.query("LOCK TABLE anomalies IN ACCESS EXCLUSIVE MODE");
  const device = await connectAsync(mqttUrl, { clientId: deviceId });
  await device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "9999", { qos: 1 });
  await device.endAsync();
  await until("the batch is being written", async () => {
    const { rows } = await client.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'");
    return rows.length > 0;
  });
  await services.redis.stop("SIGKILL");
  await client.query("COMMIT");
  await client.end();
  await until("it is stored", async () => {
    const rows = await services.database.query("SELECT 1 FROM anomalies WHERE device_id = $1", [deviceId]);
    return rows.length === 1;
  });
}

async function timesAnnounced(deviceId: string): Promise<number> {
  const keys = await announcedKeys(services.redis.url);
  return keys.filter((key) => key.startsWith(`${deviceId}/`)).length;
}

test("an anomaly that a killed processor stored and did not announce is announced by the next one, once", async () => {
  await storeUnsaid("unsaid");
  await processor.kill("SIGKILL");
  await services.redis.start();
  expect(await timesAnnounced("unsaid")).toBe(0);
  processor = services.start("processor");
  await untilShares([processor], [8]);
  await until("it is announced", async () => (await timesAnnounced("unsaid")) > 0);
  await processor.kill("SIGKILL");
  processor = services.start("processor");
  await untilShares([processor], [8]);
  expect(await timesAnnounced("unsaid")).toBe(1);
});

test("an anomaly that the next owner announced is not announced again by one that hung over it", async () => {
  await storeUnsaid("overtaken");
  processor.child.kill("SIGSTOP");
  await services.redis.start();
  const next = services.start("processor");
  await untilShares([next], [8]);
  await until("it is announced", async () => (await timesAnnounced("overtaken")) > 0);
  processor.child.kill("SIGCONT");
  await untilShares([processor, next], [4, 4]);
  expect(await timesAnnounced("overtaken")).toBe(1);
});
