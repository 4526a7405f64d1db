import { spawn } from "node:child_process";
import { once } from "node:events";
import { startProgram } from "../tests/harness/program.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { withServers } from "./pipe.ts";
import { peakResidentKb, residentKb } from "./processes.ts";
import { printTable } from "./table.ts";

const devices = 200;
const sensors = 5;
const defaultRows = 1_000_000;

interface Figure {
  readonly way: string;
  readonly seconds: number;
  readonly megabytes: number;
  readonly rowsPerSecond: number;
  readonly toCopy: number;
  /** Of the web service, which did nothing before. */
  readonly peakResidentMb: number | string;
}

/**
 * How long it takes to take a million readings away, and how large the web service grows by it, beside PostgreSQL's own COPY of the same
 * rows through psql into nothing.
 */
export async function exportBench(args: readonly string[]): Promise<void> {
  const rows = Number(args[0] ?? defaultRows);
  await withServers(async ({ databaseUrl, redis }) => {
    const database = await createTestDatabase(databaseUrl);
    const settings = { DATABASE_URL: database.url, REDIS_URL: redis.url };
    const figures: Figure[] = [];
    let copySeconds = 0;
    try {
      for (const ending of ["csv", "parquet"]) {
        // A process for each, since what one has grown to it keeps.
        const web = startProgram(["web"], settings);
        try {
          const { console: url } = await web.ready();
          if (copySeconds === 0) {
            await fill(database, rows);
            const copy = await copied(database.url);
            copySeconds = copy.seconds;
            figures.push({ way: "COPY, psql", ...figureOf(copy, rows, copySeconds), peakResidentMb: "" });
          }
          const idleMb = residentKb(web.child.pid) / 1024;
          const taken = await takenAway(`${url}/api/v1/export.${ending}`);
          const peakMb = peakResidentKb(web.child.pid) / 1024;
          const peakResidentMb = `${peakMb.toFixed(0)} (idle ${idleMb.toFixed(0)})`;
          figures.push({ way: ending, ...figureOf(taken, rows, copySeconds), peakResidentMb });
        } finally {
          await web.kill("SIGTERM");
        }
      }
    } finally {
      await database.drop();
    }
    printTable(`export of ${rows.toLocaleString("en-US")} readings of ${devices * sensors} series`, [
      ...figures.map((figure) => ({ ...figure })),
    ]);
    process.stdout.write(`${JSON.stringify({ bench: "export", rows, figures })}\n`);
  });
}

function figureOf({ seconds, bytes }: { seconds: number; bytes: number }, rows: number, copySeconds: number) {
  return {
    seconds: Number(seconds.toFixed(2)),
    megabytes: Number((bytes / 1e6).toFixed(1)),
    rowsPerSecond: Math.round(rows / seconds),
    toCopy: Number((seconds / copySeconds).toFixed(2)),
  };
}

type Queries = Pick<Awaited<ReturnType<typeof createTestDatabase>>, "query">;

async function fill({ query }: Queries, rows: number): Promise<void> {
  await query(
    `INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version)
     SELECT 'device-' || place % $1, 'sensor-' || place / $1 % $2, timestamptz '2026-01-01' + place * interval '10007 microseconds',
       20 + sin(place), 0.25, place % 1000 = 0, 'temperature@factory-2'
     FROM generate_series(0, $3::integer - 1) AS place`,
    [devices, sensors, rows],
  );
  await query(
    `INSERT INTO device_latest (device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence)
     SELECT DISTINCT ON (device_id, sensor_type) device_id, sensor_type, ts, value, score, is_anomaly, model_version, 0.5
     FROM readings ORDER BY device_id, sensor_type, ts DESC`,
  );
  await query("VACUUM ANALYZE readings");
}

async function copied(url: string): Promise<{ seconds: number; bytes: number }> {
  const columns = "device_id, sensor_type, ts, value, score, is_anomaly, model_version";
  const statement = `COPY (SELECT ${columns} FROM readings ORDER BY device_id, sensor_type, ts) TO STDOUT (FORMAT csv, HEADER)`;
  const startedMs = performance.now();
  const child = spawn("psql", [url, "-c", statement], { stdio: ["ignore", "pipe", "inherit"] });
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`psql ended with ${code}`);
  return { seconds: (performance.now() - startedMs) / 1000, bytes };
}

async function takenAway(url: string): Promise<{ seconds: number; bytes: number }> {
  const startedMs = performance.now();
  const answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  let bytes = 0;
  for await (const chunk of answer.body) bytes += (chunk as Uint8Array).length;
  return { seconds: (performance.now() - startedMs) / 1000, bytes };
}
