import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ledgerOfAll, reckon } from "../harness/books.ts";
import { type Load, startLoad } from "../harness/load.ts";
import { until } from "../harness/local-servers.ts";
import { openServices, type Services, untilShares } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let load: Load;

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
  });
});

afterAll(async () => {
  await load?.stop();
  await services.stop();
});

test("a processor that hangs loses its shards to the other one, and does no harm when it goes on", async () => {
  const { mqtt = "" } = await services.start("broker").ready();
  const paused = services.start("processor");
  const other = services.start("processor");
  await untilShares([paused, other], [4, 4]);
  load = await startLoad({ mqttUrl: mqtt, devices: 32, window: 4, restMs: 20, impossibleEvery: 20 });
  await until("the load runs", () => load.acknowledged.size > 1000);

  paused.child.kill("SIGSTOP");
  // The database ends the sessions of who says nothing, by its own clock.
  await untilShares([other], [8]);
  const taken = load.acknowledged.size;
  await until("readings are taken meanwhile", () => load.acknowledged.size > taken + 1000);
  paused.child.kill("SIGCONT");

  await untilShares([paused, other], [4, 4]);
  const shared = load.acknowledged.size;
  await until("readings are taken by both", () => load.acknowledged.size > shared + 1000);
  await load.finish();
  const reckoning = await reckon(services, load);
  const sent = load.sent();
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, rows: sent, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.anomalies).toBeGreaterThan(0);
  expect(reckoning.ledger).toEqual(ledgerOfAll(sent));
  expect(paused.child.exitCode).toBeNull();
});
