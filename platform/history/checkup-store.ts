import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import type { Checkup, CheckupStore, FailedJob } from "./checkup.ts";
import type { ChunkFacts } from "./chunk-advice.ts";

/** Opens what the database is asked about itself. */
export function openCheckupStore({ db, isSole }: Database): CheckupStore {
  return {
    look: () => asking("look how the database is", () => look(db, isSole)),
    setChunkHours: (hours) =>
      asking("set the chunk interval", async () => {
        await sql`SELECT set_chunk_time_interval('readings', ${hours} * interval '1 hour')`.execute(db);
      }),
  };
}

async function look(db: Kysely<Tables>, isEmbedded: boolean): Promise<Checkup> {
  const { rows } = await sql<Omit<Checkup, "isEmbedded" | "chunks" | "failedJobs">>`
    SELECT current_setting('server_version') AS postgres,
      (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale,
      (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS "timescaleOnDisk",
      current_setting('shared_preload_libraries') AS preloaded,
      (SELECT count(*) FROM device_latest) AS series`.execute(db);
  const [server] = rows;
  if (server === undefined) throw new Error("the database said nothing");
  if (server.timescale === null) return { ...server, isEmbedded, chunks: null, failedJobs: [] };
  return { ...server, isEmbedded, chunks: await chunkFacts(db), failedJobs: await failedJobs(db) };
}

/** Of this database, but for the extension's telemetry, which fails wherever there is no internet. */
async function failedJobs(db: Kysely<Tables>): Promise<readonly FailedJob[]> {
  const { rows } = await sql<FailedJob>`
    SELECT job_id AS id, application_name AS name, (
      SELECT err_message FROM timescaledb_information.job_errors
      WHERE job_errors.job_id = jobs.job_id ORDER BY finish_time DESC LIMIT 1
    ) AS error
    FROM timescaledb_information.jobs JOIN timescaledb_information.job_stats USING (job_id)
    WHERE last_run_status = 'Failed' AND jobs.proc_name <> 'policy_telemetry' ORDER BY job_id`.execute(db);
  return rows;
}

/** The rate is that of the newest day there are readings of, from the hours. */
async function chunkFacts(db: Kysely<Tables>): Promise<ChunkFacts> {
  const { rows } = await sql<ChunkFacts>`
    WITH recent AS (
      SELECT sum(n) AS n FROM readings_1h
      WHERE bucket >= date_bin('1 hour', now(), timestamptz '2000-01-03Z') - interval '24 hours' AND bucket < now()
      GROUP BY device_id, sensor_type
    ), newest AS (
      SELECT format('%I.%I', chunk_schema, chunk_name)::regclass AS chunk FROM timescaledb_information.chunks
      WHERE hypertable_name = 'readings' AND NOT is_compressed ORDER BY range_end DESC LIMIT 1
    ), written AS (
      SELECT pg_total_relation_size(chunk) AS bytes, (SELECT reltuples FROM pg_class WHERE oid = chunk) AS tuples FROM newest
    )
    SELECT coalesce((SELECT sum(n) FROM recent), 0)::bigint AS "readingsADay",
      coalesce((SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n) FROM recent), 0)::bigint AS "readingsADayOfSeries",
      -- A chunk that was not analysed yet, or hardly begun, says nothing of itself.
      coalesce((SELECT bytes / tuples FROM written WHERE tuples > 10000), 150)::float8 AS "bytesAReading",
      (SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'effective_cache_size') AS "cacheBytes",
      (SELECT extract(epoch FROM time_interval) / 3600 FROM timescaledb_information.dimensions
        WHERE hypertable_name = 'readings')::float8 AS "currentHours"`.execute(db);
  const [facts] = rows;
  if (facts === undefined) throw new Error("the database said nothing of its chunks");
  return facts;
}
