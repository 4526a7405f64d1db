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

/** More than there is now, so that the load goes on in between. */
async function untilMoreIsTaken(): Promise<void> {
  const enough = load.acknowledged.size + 500;
  await until("the load goes on", () => load.acknowledged.size > enough);
}

test("processors divide the shards evenly whoever comes, leaves or is killed, and store every reading once", async () => {
  const { mqtt = "" } = await services.start("broker").ready();
  const [staying, leaving, killed] = ["processor", "processor", "processor"].map((name) =>
    services.start(name),
  );
  if (staying === undefined || leaving === undefined || killed === undefined) throw new Error("three");
  await untilShares([staying, leaving, killed], [3, 3, 2]);
  load = await startLoad({ mqttUrl: mqtt, devices: 32, window: 2, restMs: 40, impossibleEvery: 100 });
  await untilMoreIsTaken();

  await leaving.kill("SIGTERM");
  expect(await leaving.exit()).toBe(0);
  await untilShares([staying, killed], [4, 4]);
  await untilMoreIsTaken();

  await killed.kill("SIGKILL");
  await untilShares([staying], [8]);
  await untilMoreIsTaken();

  await untilShares([staying, services.start("processor")], [4, 4]);
  await untilMoreIsTaken();

  await load.finish();
  const reckoning = await reckon(services, load);
  const sent = load.sent();
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, rows: sent, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.anomalies).toBeGreaterThan(0);
  // Nothing was counted twice on the way either: what a processor left behind, the next one did not begin again.
  expect(reckoning.ledger).toEqual(ledgerOfAll(sent));
});
