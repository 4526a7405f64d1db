import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { reckon } from "../harness/books.ts";
import { type Load, startLoad } from "../harness/load.ts";
import { until } from "../harness/local-servers.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let load: Load;

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
    redisSettings: ["--maxmemory", "6mb", "--maxmemory-policy", "noeviction"],
  });
});

afterAll(async () => {
  await load?.stop();
  await services.stop();
});

test("a Redis that is full takes nothing more, and a processor that starts then empties it", async () => {
  const { mqtt = "" } = await services.start("broker").ready();
  const { http } = await services.start("gateway-http", { MQTT_URL: mqtt }).ready();
  const send = () =>
    fetch(`${http}/data`, {
      method: "POST",
      body: JSON.stringify({ device_id: "legacy", metrics: [{ type: "temperature", value: 20 }] }),
    });
  load = await startLoad({
    ...{ mqttUrl: mqtt, devices: 16, window: 2 },
    ...{ readingsAMessage: 50, impossibleEvery: 100 },
  });
  let taken = -1;
  await until(
    "nothing is acknowledged any more",
    () => {
      const isStanding = taken > 0 && taken === load.acknowledged.size;
      taken = load.acknowledged.size;
      return isStanding;
    },
    { everyMs: 1000 },
  );
  // What one small reading needs may still be there.
  let answer = await send();
  await until("the HTTP door refuses", async () => {
    answer = await send();
    return answer.status === 503;
  });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);

  services.start("processor");
  await until("devices are heard again", () => load.acknowledged.size > taken + 5000, { withinMs: 60_000 });
  await until("the HTTP door takes readings again", async () => (await send()).status === 202, {
    withinMs: 60_000,
    everyMs: 200,
  });
  await load.finish();
  const reckoning = await reckon(services, load);
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.anomalies).toBeGreaterThan(0);
  // A device that is cut off repeats what it has no acknowledgement of, so some are known already.
  const { received, stored, duplicate } = reckoning.ledger;
  expect(reckoning.ledger).toMatchObject({ rejected: 0, inFlight: 0, difference: 0 });
  expect(stored + duplicate).toBe(received);
});
