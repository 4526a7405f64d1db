import { rmSync } from "node:fs";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { compare, loadRowsQuery, startLoad } from "../harness/load.ts";
import { createRedis, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";

const folder = temporaryFolder("slow");
let redis: LocalServer;
let database: TestDatabase;
let broker: Program;
let processor: Program;
const mostWaiting = 60_000;

beforeAll(async () => {
  redis = await createRedis(folder);
  await redis.start();
  database = await createTestDatabase(inject("postgresUrl"));
  const settings = {
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    SHARDS: "2",
    MAX_WAITING_READINGS: `${mostWaiting}`,
  };
  broker = startProgram(["broker"], settings);
  processor = startProgram(["processor"], settings);
  await Promise.all([broker.ready(), processor.ready()]);
});
afterAll(async () => {
  await Promise.all([broker, processor].map((program) => program.kill("SIGKILL")));
  await database.drop();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function metric(name: string): Promise<number> {
  const { probe } = await broker.ready();
  const text = await (await fetch(`${probe}/metrics`)).text();
  return Number(new RegExp(`^${name} ([\\d.e+-]+)`, "m").exec(text)?.[1]);
}

test("a database that is slow slows the devices down, and drops none of them", async () => {
  await database.query(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
    CREATE TRIGGER dawdle BEFORE INSERT ON readings FOR EACH STATEMENT EXECUTE FUNCTION dawdle()`);
  const { mqtt: mqttUrl = "" } = await broker.ready();
  const witness = await connectAsync(mqttUrl, { clientId: "witness", keepalive: 3, reconnectPeriod: 0 });
  let interruptions = 0;
  const onClose = (): void => {
    interruptions += 1;
  };
  witness.on("close", onClose);
  const load = await startLoad({ mqttUrl, devices: 20, window: 200, onClose });

  await until("publishes are held", async () => (await metric("iot_publishes_held")) > 0);
  const before = load.acknowledged.size;
  let fullest = 0;
  await until("devices go on being acknowledged while they are slowed down", async () => {
    fullest = Math.max(fullest, await metric("iot_stream_fullness_ratio"));
    return load.acknowledged.size > before + 5000;
  });
  expect(fullest).toBeGreaterThan(0.7);
  expect(fullest).toBeLessThan(1.2);
  expect(interruptions).toBe(0);
  expect(await metric("iot_handover_failures_total")).toBe(0);

  await database.query("DROP TRIGGER dawdle ON readings");
  await until("nothing is held any more", async () => (await metric("iot_publishes_held")) === 0);
  await load.stop();
  witness.removeAllListeners("close");
  await witness.endAsync(true);
  const stored = async () => compare(load.acknowledged, await database.query<{ key: string }>(loadRowsQuery));
  await until("everything is stored", async () => (await stored()).missing === 0);
  expect(await stored()).toEqual({ missing: 0, doubled: 0 });
});
