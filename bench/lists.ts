import { startProgram } from "../tests/harness/program.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { percentilesOf } from "./percentiles.ts";
import { withServers } from "./pipe.ts";
import { printTable } from "./table.ts";

const defaultDevices = 100_000;
const sensors = 6;
const rounds = 40;

/** What the console asks of the list, one page at a time. */
const questions: Readonly<Record<string, string>> = {
  "by name": "devices?limit=50",
  "by name, from the middle": "devices?limit=50&cursor=",
  "part of the id": "devices?limit=50&q=4711",
  "of a rare type": "devices?limit=50&type=rare",
  "last seen": "devices?limit=50&sort=last-seen",
  "open alarms": "devices?limit=50&sort=alarms",
  online: "devices?limit=50&state=online",
  "stale (1 %)": "devices?limit=50&state=stale",
  offline: "devices?limit=50&state=offline",
  active: "devices?limit=50&state=active",
};

/** How long a page of the list of devices takes at a hundred thousand of them, and the numbers above it. */
export async function listsBench(args: readonly string[]): Promise<void> {
  const devices = Number(args[0] ?? defaultDevices);
  await withServers(async ({ databaseUrl, redis }) => {
    const database = await createTestDatabase(databaseUrl);
    const web = startProgram(["web"], {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      MAX_HTTP_REQUESTS_PER_SECOND: "0",
    });
    try {
      const { console: url } = await web.ready();
      await fill(database.query, devices);
      const rows = [];
      const cursor = Buffer.from(JSON.stringify({ sort: "name", id: "device-050000" })).toString("base64url");
      for (const [name, question] of Object.entries(questions)) {
        const path = question.endsWith("cursor=") ? question + cursor : question;
        rows.push({ question: name, ...(await timed(`${url}/api/v1/${path}`)) });
      }
      const overview = await once(`${url}/api/v1/overview`);
      printTable(`pages of 50 at ${devices.toLocaleString("en-US")} devices of ${sensors} sensors, ms`, rows);
      process.stdout.write(
        `${JSON.stringify({ bench: "lists", devices, rows, overviewMs: Math.round(overview) })}\n`,
      );
    } finally {
      await web.kill("SIGTERM");
      await database.drop();
    }
  });
}

async function timed(url: string) {
  await once(url);
  const tookUs: number[] = [];
  for (let round = 0; round < rounds; round += 1) tookUs.push(1000 * (await once(url)));
  const { p50, p95 } = percentilesOf(Float64Array.from(tookUs));
  return { p50, p95 };
}

async function once(url: string): Promise<number> {
  const startedMs = performance.now();
  const answer = await fetch(url);
  await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return performance.now() - startedMs;
}

/** Devices of a usual gap of a minute: most on time, one in a hundred late, one in ten gone; one in a hundred has an open alarm. */
async function fill(
  query: (text: string, values?: unknown[]) => Promise<unknown>,
  devices: number,
): Promise<void> {
  await query(
    `INSERT INTO devices (device_id, first_seen, last_seen, active, gap_ms)
     SELECT 'device-' || lpad(place::text, 6, '0'), now() - interval '9 days',
       now() - (CASE WHEN place % 10 = 0 THEN 3600 WHEN place % 100 = 1 THEN 150 + place % 90 ELSE place % 50 END) * interval '1 second',
       place % 10 <> 0, 60000
     FROM generate_series(0, $1::integer - 1) AS place`,
    [devices],
  );
  await query(
    `INSERT INTO device_latest (device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence, heard_at, gap_ms)
     SELECT device_id, CASE WHEN sensor = 0 AND device_id LIKE '%123' THEN 'rare' ELSE 'sensor-' || sensor END,
       last_seen, 20, 0.25, false, 'm', 0.5, last_seen, 60000
     FROM devices, generate_series(0, $1::integer - 1) AS sensor`,
    [sensors],
  );
  await query(
    `INSERT INTO detector_anchors (device_id, sensor_type, ts, format, state)
     SELECT device_id, sensor_type, ts, 1, '' FROM device_latest`,
  );
  await query(
    `INSERT INTO presence (device_id, is_online, since, reason, broker)
     SELECT device_id, active, first_seen, CASE WHEN active THEN 'connected' ELSE 'lost' END, gen_random_uuid() FROM devices`,
  );
  await query(
    `INSERT INTO alarms (device_id, sensor_type, rule, severity, state, raised_at, last_at, anomalies, peak_score, peak_value, peak_sentence)
     SELECT device_id, 'sensor-1', 'anomaly', 1 + length(device_id) % 3, 'raised', now(), now(), 1, 0.75, 1, ''
     FROM devices WHERE device_id LIKE '%77'`,
  );
  for (const table of ["devices", "device_latest", "detector_anchors", "presence", "alarms"])
    await query(`VACUUM ANALYZE ${table}`);
}
