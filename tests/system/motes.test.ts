import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { loadMotes } from "../../simulators/recordings.ts";
import { startReplay } from "../../simulators/replay.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";

interface StoredReading {
  readonly key: string;
  readonly is_anomaly: boolean;
}

let program: Program;
let database: TestDatabase;
let mqttUrl: string;

beforeAll(async () => {
  database = await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl"));
  program = startProgram([], { DATABASE_URL: database.url, REDIS_URL: `${inject("redisUrl")}/8` });
  mqttUrl = (await program.ready())["mqtt"] ?? "";
});

afterAll(async () => {
  await program.kill("SIGTERM");
  await database.drop();
});

function stored(): Promise<StoredReading[]> {
  return database.query<StoredReading>(`
    SELECT device_id || '/' || sensor_type || '/' || ((extract(epoch FROM ts) * 1000000)::bigint)::text AS key, is_anomaly
    FROM readings WHERE device_id LIKE 'mote-%'`);
}

test("the real motes, replayed twice over MQTT, are stored exactly once each, and their events are flagged", async () => {
  const { readings } = await loadMotes();
  for (const run of [1, 2]) {
    const counts = await startReplay({ mqttUrl, readings, speed: 0 }).finished;
    expect(counts.acknowledged, `acknowledged in run ${run}`).toBe(readings.length);
  }
  await until("everything sent is stored", async () => (await stored()).length >= readings.length);

  const rows = await stored();
  const flagged = new Map(rows.map((row) => [row.key, row.is_anomaly]));
  const keys = readings.map((reading) => `${reading.deviceId}/${reading.sensorType}/${reading.timestampUs}`);
  expect(rows.length).toBe(new Set(keys).size);
  expect(keys.filter((key) => !flagged.has(key))).toEqual([]);

  // A labelled instant counts as flagged when either of the mote's sensors is.
  const instants = new Map<string, { isLabelled: boolean; isFlagged: boolean; deviceId: string }>();
  for (const [index, { deviceId, timestampUs, label }] of readings.entries()) {
    const instant = `${deviceId}/${timestampUs}`;
    const known = instants.get(instant) ?? { isLabelled: false, isFlagged: false, deviceId };
    const isFlagged = known.isFlagged || flagged.get(keys[index] ?? "") === true;
    instants.set(instant, { deviceId, isLabelled: known.isLabelled || label === "anomaly", isFlagged });
  }
  const all = [...instants.values()];
  const labelled = all.filter(({ isLabelled }) => isLabelled);
  const caught = labelled.filter(({ isFlagged }) => isFlagged);
  const ordinary = all.filter(({ isLabelled }) => !isLabelled);
  const falsePer1000 = (1000 * ordinary.filter(({ isFlagged }) => isFlagged).length) / ordinary.length;
  process.stdout.write(
    `motes: ${rows.length} readings stored once each after two runs; ${caught.length} of ${labelled.length} labelled ` +
      `instants flagged (${Math.round((100 * caught.length) / labelled.length)} %), ${falsePer1000.toFixed(2)} false per 1000\n`,
  );

  expect(new Set(caught.map(({ deviceId }) => deviceId))).toEqual(
    new Set(labelled.map(({ deviceId }) => deviceId)),
  );
  expect(falsePer1000).toBeLessThan(3);
});
