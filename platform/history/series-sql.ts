import { type Kysely, type RawBuilder, sql } from "kysely";
import type { HistoryLevel, HistorySeries } from "../../schema/history.ts";
import type { Tables } from "../../schema/row.ts";
import { severityOf } from "../../schema/scored.ts";
import { micros } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import type { Piece } from "./resolution.ts";
import { addable, binned, instant, type Range } from "./state-sql.ts";

/** The columns of a series; without `min`, `max` and `n` where each point is one reading. */
export type Columns = Pick<HistorySeries, "ts" | "mean" | "min" | "max" | "n">;
export type Anomalies = Pick<HistorySeries, "anomalies" | "anomaliesLeftOff">;

// Columns come as JSON: a series is a row then, and to read it takes a fifth of what as many rows take.

/** The readings of each series, oldest first, at most `limit`. */
export async function readingsOf(
  db: Kysely<Tables>,
  keys: readonly SeriesKey[],
  { fromUs, toUs, limit }: Range & { limit: number },
): Promise<readonly Columns[]> {
  const { rows } = await sql<{ place: number; ts: number[] | null; mean: number[] | null }>`
    SELECT k.place, p.ts, p.mean FROM ${listed(keys)} CROSS JOIN LATERAL (
      SELECT json_agg(us) AS ts, json_agg(value) AS mean FROM (
        SELECT ${micros("ts")} AS us, value FROM readings r
        WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type
          AND ts >= ${instant(fromUs)} AND ts < ${instant(toUs)}
        ORDER BY ts LIMIT ${limit}
      ) readings
    ) p ORDER BY k.place`.execute(db);
  return rows.map(({ ts, mean }) => ({ ts: ts ?? [], mean: mean ?? [] }));
}

interface StepsRow {
  ts: number[] | null;
  mean: number[] | null;
  min: number[] | null;
  max: number[] | null;
  n: number[] | null;
}

/** What each series comes to in each step of the pieces, oldest first. */
export async function stepsOf(
  db: Kysely<Tables>,
  keys: readonly SeriesKey[],
  { pieces, stepSeconds }: { pieces: readonly Piece[]; stepSeconds: number },
): Promise<readonly Columns[]> {
  const { rows } = await sql<StepsRow>`
    SELECT p.* FROM ${listed(keys)} CROSS JOIN LATERAL (
      SELECT json_agg(us) AS ts, json_agg(mean) AS mean, json_agg(min) AS min, json_agg(max) AS max, json_agg(n) AS n FROM (
        SELECT ${micros("at")} AS us, sum / n AS mean, min, max, n FROM (
          SELECT ${binned(stepSeconds, "bucket")} AS at, sum(sum) AS sum, min(min) AS min, max(max) AS max, sum(n)::bigint AS n
          FROM (${sql.join(pieces.map(rowsOf), sql` UNION ALL `)}) pieces
          GROUP BY 1 ORDER BY 1
        ) steps
      ) points
    ) p ORDER BY k.place`.execute(db);
  return rows.map(({ ts, mean, min, max, n }) => ({
    ...{ ts: ts ?? [], mean: mean ?? [], min: min ?? [], max: max ?? [], n: n ?? [] },
  }));
}

const tables: Readonly<Record<Exclude<HistoryLevel, "raw">, string>> = {
  "1m": "readings_1m",
  "1h": "readings_1h",
};

function rowsOf({ level, fromUs, toUs }: Piece): RawBuilder<unknown> {
  const [from, to] = [instant(fromUs), instant(toUs)];
  if (level === "raw")
    return sql`SELECT ts AS bucket, ${addable} AS sum, 1 AS n, value AS min, value AS max FROM readings r
      WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type AND ts >= ${from} AND ts < ${to}`;
  return sql`SELECT bucket, sum, n, min, max FROM ${sql.table(tables[level])} r
    WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type AND bucket >= ${from} AND bucket < ${to}`;
}

interface AnomaliesRow {
  anomalies: [number, number, number][] | null;
  count: number;
}

/** The anomalies of each series, oldest first; of more than `limit` the worst. */
export async function anomaliesOf(
  db: Kysely<Tables>,
  keys: readonly SeriesKey[],
  { fromUs, toUs, limit }: Range & { limit: number },
): Promise<readonly Anomalies[]> {
  const { rows } = await sql<AnomaliesRow>`
    SELECT a.* FROM ${listed(keys)} CROSS JOIN LATERAL (
      SELECT json_agg(json_build_array(us, value, score) ORDER BY us) AS anomalies, coalesce(max(count), 0) AS count FROM (
        SELECT ${micros("ts")} AS us, value, score, count(*) OVER () AS count FROM anomalies r
        WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type
          AND ts >= ${instant(fromUs)} AND ts < ${instant(toUs)}
        ORDER BY score DESC, ts DESC LIMIT ${limit}
      ) worst
    ) a ORDER BY k.place`.execute(db);
  return rows.map(({ anomalies, count }) => {
    const kept = anomalies ?? [];
    return {
      anomalies: kept.map(([us, value, score]) => [us, value, score, severityOf(score)]),
      anomaliesLeftOff: count - kept.length,
    };
  });
}

/** The series as rows `k`, numbered in their order. */
export function listed(keys: readonly SeriesKey[]) {
  return sql`unnest(
    ${keys.map(({ deviceId }) => deviceId)}::text[], ${keys.map(({ sensorType }) => sensorType)}::text[]
  ) WITH ORDINALITY AS k(device_id, sensor_type, place)`;
}
