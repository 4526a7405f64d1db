import { parseArgs } from "node:util";
import { sql } from "kysely";
import { type Database, hasTimescale, openDatabase } from "../platform/database/database.ts";
import { migrate } from "../platform/database/migrations.ts";
import { openDeviceStore } from "../platform/devices/device-store.ts";
import { openHistoryStore } from "../platform/history/history-store.ts";
import { openRollupStore } from "../platform/history/rollup-store.ts";
import { openReadingStore } from "../platform/readings/reading-store.ts";
import { openLog } from "../platform/telemetry.ts";
import { startLocalServers } from "../tests/harness/local-servers.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { percentilesOf } from "./percentiles.ts";
import { printTable } from "./table.ts";

const sensors = ["temperature", "humidity", "pressure", "vibration", "battery_voltage", "co2"];
/** Readings of a device in a day, with a reading of each sensor every five seconds. */
const deviceDay = sensors.length * 17_280;
const listedDevices = 100_000;
const dayUs = 86_400e6;

interface Question {
  readonly what: string;
  ask(): Promise<unknown>;
}

/**
 * How long the questions of the console take: a device page (six sensors, a day, 1000 points each) from what is rolled up, beside the same
 * from the readings, and the newest readings with 100 000 devices. `--rows 50000000` fills more; on the server of TEST_DATABASE_URL where
 * it is set, in a database that is dropped afterwards, or left with `--keep` and asked again with `--database URL`, since to fill it takes
 * so much longer than to ask.
 */
export async function historyBench(args: readonly string[]): Promise<void> {
  const options = {
    rows: { type: "string", default: "1000000" },
    asks: { type: "string", default: "60" },
    keep: { type: "boolean", default: false },
    database: { type: "string" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const rows = Number(values.rows);
  const days = daysFor(rows);
  const devices = Math.max(1, Math.round(rows / deviceDay / days));
  if (values.database !== undefined)
    return askAll(values.database, { rows, devices, asks: Number(values.asks) });
  const other = process.env["TEST_DATABASE_URL"];
  const servers = other === undefined ? await startLocalServers() : undefined;
  const place = await createTestDatabase(other ?? servers?.postgresUrl ?? "");
  try {
    const filled = await withDatabase(place.url, async (database) => {
      await migrate(database, { hasTimescale: await hasTimescale(place.url), chunkIntervalHours: 24 });
      return fill(database, { devices, days });
    });
    if (values.keep) process.stdout.write(`${JSON.stringify({ ...filled, url: place.url })}\n`);
    else await askAll(place.url, { ...filled, devices, asks: Number(values.asks) });
  } finally {
    if (!values.keep) await place.drop();
    await servers?.stop();
  }
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const log = openLog({ level: "silent", format: "json" });
  const database = await openDatabase({ url, isSole: false, log, connections: 4 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function askAll(
  url: string,
  { asks, ...filled }: { rows: number; devices: number; asks: number },
): Promise<void> {
  return withDatabase(url, async (database) => {
    await migrate(database, { hasTimescale: await hasTimescale(url), chunkIntervalHours: 24 });
    const figures = [];
    for (const question of questions(database, filled.devices))
      figures.push({ what: question.what, ...(await timed(question, asks)) });
    const engine = (await hasTimescale(url)) ? "TimescaleDB" : "PostgreSQL";
    printTable(
      `${engine}, ${filled.rows.toLocaleString("en-US")} readings of ${filled.devices} devices, ms`,
      figures,
    );
    process.stdout.write(`${JSON.stringify({ bench: "history", engine, ...filled, figures })}\n`);
  });
}

/** A day up to a few million rows, then more, so that the fleet does not outgrow what one has. */
function daysFor(rows: number): number {
  return rows <= 2_000_000 ? 1 : 10;
}

/** Readings up to now, device by device as they would come, then what the jobs of a processor make of them. */
async function fill(
  { db, ...database }: Database,
  { devices, days }: { devices: number; days: number },
): Promise<{ rows: number; fillSeconds: number; rollUpSeconds: number }> {
  const begin = performance.now();
  let rows = 0;
  for (let day = days; day > 0; day -= 1) {
    const { numAffectedRows = 0n } = await sql`
      INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version)
      SELECT 'device-' || d, s, now() - ${day} * interval '1 day' + t * interval '5 seconds',
        20 + sin(t / 500.0) * 5 + hashint4(t * 31 + d) % 100 / 100.0, 0.1, t % 4000 = 0, 'bench'
      FROM generate_series(0, 17279) t, generate_series(1, ${devices}::integer) d, unnest(${sensors}::text[]) s
      ORDER BY t`.execute(db);
    rows += Number(numAffectedRows);
  }
  await sql`
    INSERT INTO anomalies (device_id, sensor_type, ts, value, score, confidence, model_version, sentence)
    SELECT device_id, sensor_type, ts, value, 0.7, 0.9, model_version, 'bench' FROM readings WHERE is_anomaly`.execute(
    db,
  );
  // Of bands that move with the hours of the day.
  await sql`
    INSERT INTO expected_bands (device_id, sensor_type, at, low, high)
    SELECT 'device-' || d, s, at, 14 + extract(hour FROM at) / 10, 26 + extract(hour FROM at) / 10
    FROM generate_series(now() - ${days} * interval '1 day', now(), interval '15 minutes') at,
      generate_series(1, ${devices}::integer) d, unnest(${sensors}::text[]) s`.execute(db);
  await sql`
    INSERT INTO device_latest (device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence, gap_ms)
    SELECT 'device-' || d, s, now(), 20, 0.1, false, 'bench', 0.9, 5000
    FROM generate_series(1, ${listedDevices}::integer) d, unnest(${sensors}::text[]) s`.execute(db);
  await sql`
    INSERT INTO devices (device_id, first_seen, last_seen)
    SELECT 'device-' || d, now(), now() + interval '1 day' FROM generate_series(1, ${listedDevices}::integer) d`.execute(
    db,
  );
  // Series that have learnt enough to have one; what has none is counted by its readings.
  await sql`
    INSERT INTO detector_anchors (device_id, sensor_type, ts, format, state)
    SELECT device_id, sensor_type, ts, 0, '' FROM device_latest`.execute(db);
  const filledAt = performance.now();
  const rollups = openRollupStore({ db, ...database });
  for (let look = 0; look < 2; look += 1) await rollups.rollUp();
  const rolledUpAt = performance.now();
  await sql`ANALYZE`.execute(db);
  const seconds = (ms: number): number => Math.round(ms / 100) / 10;
  return { rows, fillSeconds: seconds(filledAt - begin), rollUpSeconds: seconds(rolledUpAt - filledAt) };
}

function questions(database: Database, devices: number): readonly Question[] {
  const history = openHistoryStore(database);
  const readings = openReadingStore(database);
  const registry = openDeviceStore(database);
  const toUs = Date.now() * 1000;
  let turn = 0;
  const next = (): string => `device-${(turn++ % devices) + 1}`;
  const page = { sensorTypes: null, fromUs: toUs - dayUs, toUs, points: 1000 };
  return [
    { what: "device page, rolled up", ask: () => history.history({ ...page, deviceIds: [next()] }) },
    { what: "device page, from the readings", ask: () => fromReadings(database, next(), page) },
    { what: "newest 300 readings of a device", ask: () => readings.recentOfDevices([next()], 300) },
    {
      what: "list of 200 devices",
      ask: () => registry.page({ timeoutMs: 60_000, state: "active", sort: "name", limit: 200 }),
    },
  ];
}

/** The device page as it would be answered without levels: the same steps, of the readings themselves. */
function fromReadings(
  { db }: Database,
  deviceId: string,
  { fromUs, toUs }: { fromUs: number; toUs: number },
): Promise<unknown> {
  return sql`
    SELECT sensor_type, date_bin('2 minutes', ts, timestamptz '2000-01-03Z') AS at, avg(value), min(value), max(value), count(*)
    FROM readings WHERE device_id = ${deviceId} AND sensor_type = ANY(${sensors}::text[])
      AND ts >= ${new Date(fromUs / 1000)}::timestamptz AND ts < ${new Date(toUs / 1000)}::timestamptz
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
}

async function timed({ ask }: Question, asks: number) {
  for (let warm = 0; warm < 5; warm += 1) await ask();
  const latencies = new Float64Array(asks);
  for (let place = 0; place < asks; place += 1) {
    const begin = performance.now();
    await ask();
    latencies[place] = (performance.now() - begin) * 1000;
  }
  const { p50, p95, most } = percentilesOf(latencies);
  return { p50, p95, most };
}
