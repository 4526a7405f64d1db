import { type Kysely, sql } from "kysely";
import type { ExportedPoint, ExportedRun } from "../../schema/export.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database.ts";
import type { SeriesKey } from "../shard-batch.ts";
import { micros, toInstant } from "../sql.ts";
import type { ExportQuery, ReadingExport } from "./export-ports.ts";

/** Series whose beginnings are read with one statement, so that many short ones do not cost one each. */
const seriesAtOnce = 50;
const pointsOfEach = 100;
/** Readings of one statement, when a series is longer than its beginning. */
const pointsAtOnce = 5000;

/**
 * Opens the way out for readings. They are read in pages by their key: no connection is held between two of them, so it works on the one
 * connection of PGlite, and a client that takes its time holds up nobody.
 */
export function openReadingExport({ db }: Database): ReadingExport {
  return { runs: (query) => runs(db, query) };
}

async function* runs(db: Kysely<Tables>, query: ExportQuery): AsyncGenerator<ExportedRun> {
  let after: SeriesKey = { deviceId: "", sensorType: "" };
  for (;;) {
    const keys = await nextSeries(db, query, after);
    const last = keys.at(-1);
    if (last === undefined) return;
    for (const [place, points] of (await beginnings(db, query, keys)).entries()) {
      const key = keys[place] ?? last;
      yield* rest(db, query, { ...key, points });
    }
    if (keys.length < seriesAtOnce) return;
    after = last;
  }
}

/** A run and what follows it in its series; the next page is asked for while the one before is taken. */
async function* rest(
  db: Kysely<Tables>,
  query: ExportQuery,
  first: ExportedRun,
): AsyncGenerator<ExportedRun> {
  let run = first;
  let least = pointsOfEach;
  while (run.points.length >= least) {
    const last = run.points.at(-1)?.timestampUs ?? 0;
    const following = page(db, { ...query, fromUs: last + 1 }, run);
    // Whoever stops taking never comes to wait for it.
    following.catch(() => undefined);
    yield run;
    run = { ...first, points: await following };
    least = pointsAtOnce;
  }
  if (run.points.length > 0) yield run;
}

function nextSeries(db: Kysely<Tables>, query: ExportQuery, after: SeriesKey): Promise<SeriesKey[]> {
  const { deviceIds, sensorTypes } = query;
  return asking("list the series to export", async () => {
    let select = db
      .selectFrom("device_latest")
      .select(["device_id as deviceId", "sensor_type as sensorType"])
      .where(sql<boolean>`(device_id, sensor_type) > (${after.deviceId}, ${after.sensorType})`);
    if (deviceIds !== undefined)
      select = select.where("device_id", "=", (eb) => eb.fn.any(eb.val([...deviceIds])));
    if (sensorTypes !== undefined)
      select = select.where("sensor_type", "=", (eb) => eb.fn.any(eb.val([...sensorTypes])));
    return select.orderBy("device_id").orderBy("sensor_type").limit(seriesAtOnce).execute();
  });
}

interface Row {
  readonly timestamp_us: number;
  readonly value: number;
  readonly score: number;
  readonly is_anomaly: boolean;
  readonly model_version: string;
}

const columns = sql`${micros("ts")} AS timestamp_us, value, score, is_anomaly, model_version`;

function within({ fromUs, toUs }: ExportQuery) {
  return sql`ts >= ${toInstant(sql`${fromUs}::bigint`)} AND ts < ${toInstant(sql`${toUs}::bigint`)}`;
}

/** The first readings of each of these series. */
function beginnings(
  db: Kysely<Tables>,
  query: ExportQuery,
  keys: readonly SeriesKey[],
): Promise<ExportedPoint[][]> {
  return asking(`read the beginnings of ${keys.length} series`, async () => {
    const { rows } = await sql<Row & { place: number }>`
      SELECT place, found.* FROM unnest(
        ${keys.map(({ deviceId }) => deviceId)}::text[], ${keys.map(({ sensorType }) => sensorType)}::text[]
      ) WITH ORDINALITY AS wanted(device_id, sensor_type, place)
      CROSS JOIN LATERAL (
        SELECT ${columns} FROM readings
        WHERE readings.device_id = wanted.device_id AND readings.sensor_type = wanted.sensor_type AND ${within(query)}
        ORDER BY ts LIMIT ${pointsOfEach}
      ) AS found ORDER BY place, timestamp_us`.execute(db);
    const points: ExportedPoint[][] = keys.map(() => []);
    for (const row of rows) points[row.place - 1]?.push(toPoint(row));
    return points;
  });
}

function page(db: Kysely<Tables>, query: ExportQuery, key: SeriesKey): Promise<ExportedPoint[]> {
  return asking("read on in a series", async () => {
    const { rows } = await sql<Row>`
      SELECT ${columns} FROM readings
      WHERE device_id = ${key.deviceId} AND sensor_type = ${key.sensorType} AND ${within(query)}
      ORDER BY ts LIMIT ${pointsAtOnce}`.execute(db);
    return rows.map(toPoint);
  });
}

function toPoint(row: Row): ExportedPoint {
  return {
    timestampUs: row.timestamp_us,
    value: row.value,
    score: row.score,
    isAnomaly: row.is_anomaly,
    modelVersion: row.model_version,
  };
}
