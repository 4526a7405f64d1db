import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { startFleet } from "./devices.ts";
import { keysIn } from "./evidence.ts";
import { type Platform, startPlatform } from "./subjects.ts";
import { compareStored } from "./witness.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ appendfsync: "always" });
});

afterAll(() => platform.stop());

test("a Redis with appendfsync always, killed in mid-load, takes nothing acknowledged with it", async () => {
  const { mqttUrls, httpUrl, subjects, database } = platform;
  const fleet = await startFleet({
    mqttUrls,
    httpUrl,
    devices: 16,
    window: 20,
    legacy: 2,
    impossibleEvery: 200,
    restMs: 5,
  });
  for (let kills = 0; kills < 3; kills += 1) {
    const already = fleet.readings.acknowledged;
    await until("the load runs", () => fleet.readings.acknowledged > already + 1000);
    await subjects.redis.end("SIGKILL");
    await subjects.redis.start();
  }
  await fleet.stop();
  const stored = async () => compareStored(fleet.readings, await keysIn(database, "readings"), []);
  await until("everything is stored", async () => (await stored()).missing.length === 0, {
    everyMs: 500,
  }).catch(
    // What is missing is told below, by key.
    () => undefined,
  );
  const { missing, doubled, invented } = await stored();
  expect({ missing, doubled, invented }).toEqual({ missing: [], doubled: [], invented: [] });
});
