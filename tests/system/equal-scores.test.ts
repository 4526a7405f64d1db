import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { createDice } from "../../simulators/dice.ts";
import { until } from "../harness/local-servers.ts";
import type { Program } from "../harness/program.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

interface Sample {
  readonly value: number;
  readonly timestampUs: number;
}

const sensors = { temperature: [22, 0.2], humidity: [50, 0.8], vibration: [2, 0.2] } as const;
/** Of each series: several anchors' worth, so that a restart takes up an anchor and what came after it. */
const readingsASeries = 900;
const rounds = 6;
const startUs = Date.UTC(2024, 10, 22) * 1000;

let calm: Services;
let troubled: Services;

beforeAll(async () => {
  const server = inject("otherDatabaseUrl") || inject("postgresUrl");
  const open = async () => openServices({ database: await createTestDatabase(server) });
  [calm, troubled] = await Promise.all([open(), open()]);
});

afterAll(async () => {
  await Promise.all([calm.stop(), troubled.stop()]);
});

/** What a sensor may come to say: noise, spikes, new levels, what cannot be, what comes late and what comes twice. */
function seriesOf(seed: number, [level, noise]: readonly [level: number, noise: number]): readonly Sample[] {
  const dice = createDice(seed);
  const usual = () => (dice() + dice() + dice() + dice() - 2) * 1.7 * noise;
  let shift = 0;
  return Array.from({ length: readingsASeries }, (_, place) => {
    const chance = dice();
    if (dice() < 0.004) shift += (dice() < 0.5 ? -1 : 1) * 8 * noise;
    const timestampUs = startUs + place * 1_000_000;
    const value = level + shift + usual();
    if (chance < 0.01) return { value: value + 15 * noise, timestampUs };
    if (chance < 0.02) return { value: 9999, timestampUs };
    if (chance < 0.04) return { value, timestampUs: timestampUs - Math.ceil(20 * dice()) * 1_500_000 };
    if (chance < 0.06) return { value, timestampUs: timestampUs - 1_000_000 };
    return { value, timestampUs };
  });
}

const devices = [1, 2, 3, 4].map((seed) => ({
  id: `twin-${seed}`,
  series: Object.entries(sensors).map(([sensor, signal], place) => ({
    sensor,
    samples: seriesOf(10 * seed + place, signal),
  })),
}));

/** Publishes one part of every series: what a device sends is in one order, and so are the batches it ends up in. */
async function publishRound(mqttUrl: string, round: number): Promise<void> {
  const [from, to] = [round, round + 1].map((place) => Math.floor((place * readingsASeries) / rounds));
  await Promise.all(
    devices.map(async ({ id, series }) => {
      const client = await connectAsync(mqttUrl, { clientId: id });
      for (let place = from ?? 0; place < (to ?? 0); place += 1) {
        await Promise.all(
          series.map(({ sensor, samples }) => {
            const { value, timestampUs } = samples[place] ?? { value: 0, timestampUs: 0 };
            const payload = JSON.stringify({ [sensor]: value, timestamp: formatTimestamp(timestampUs) });
            return client.publishAsync(`devices/${id}/telemetry`, payload, { qos: 1 });
          }),
        );
      }
      await client.endAsync();
    }),
  );
}

const scores = `
  SELECT device_id, sensor_type, ts::text, value, score, is_anomaly, model_version, is_late
  FROM readings ORDER BY device_id, sensor_type, readings.ts`;
const verdicts = `
  SELECT device_id, sensor_type, ts::text, value, score, confidence, model_version, sentence, expected_low, expected_high
  FROM anomalies ORDER BY device_id, sensor_type, anomalies.ts`;

/** Every reading is in: stored, or known as one that was stored before. */
async function untilAccounted({ database }: Services): Promise<void> {
  const expected = devices.length * Object.keys(sensors).length * readingsASeries;
  await until(
    `${expected} readings are accounted for`,
    async () => (await accounted(database)) === expected,
    { withinMs: 60_000 },
  );
}

async function accounted({ query }: Services["database"]): Promise<number> {
  const rows = await query<{ count: string }>("SELECT sum(stored + duplicate) AS count FROM custody");
  return Number(rows[0]?.count ?? 0);
}

test("a processor that is killed again and again comes to the same verdicts as one that is left alone", async () => {
  const [calmBroker, troubledBroker] = [calm.start("broker"), troubled.start("broker")];
  let processor: Program = troubled.start("processor");
  await Promise.all([calm.start("processor").ready(), processor.ready()]);
  const urls = [await calmBroker.ready(), await troubledBroker.ready()].map(({ mqtt = "" }) => mqtt);
  for (let round = 0; round < rounds; round += 1) {
    await processor.ready();
    const before = await accounted(troubled.database);
    const publishing = Promise.all(urls.map((url) => publishRound(url, round)));
    if (round > 0) {
      await until("it is in the middle of it", async () => (await accounted(troubled.database)) > before, {
        everyMs: 5,
      });
      await processor.kill("SIGKILL");
      processor = troubled.start("processor");
    }
    await publishing;
  }
  await Promise.all([untilAccounted(calm), untilAccounted(troubled)]);
  const [expected, scored] = await Promise.all(
    [calm, troubled].map(({ database }) => database.query(scores)),
  );
  const [found, judged] = await Promise.all([calm, troubled].map(({ database }) => database.query(verdicts)));
  expect(expected?.length).toBeGreaterThan(600 * devices.length);
  expect(found?.length).toBeGreaterThan(100);
  expect(expected?.some((row) => row["is_late"])).toBe(true);
  expect(scored).toEqual(expected);
  expect(judged).toEqual(found);
  // A series that takes up its anchor is what this is about.
  expect(await troubled.database.query("SELECT 1 FROM detector_anchors")).toHaveLength(
    devices.length * Object.keys(sensors).length,
  );
});
