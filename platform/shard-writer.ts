import { type Kysely, sql, type Transaction } from "kysely";
import { toAnomalyEvent } from "../schema/event.ts";
import type { Tables } from "../schema/row.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { asking, type Database, storeFailure } from "./database.ts";
import { PlatformError } from "./errors.ts";
import type { Batch, ShardWriter, Written } from "./ports.ts";
import { insertRejections, toInstant } from "./sql.ts";

// First key of every shard's advisory lock, "tide" in ASCII, so that other users of the database do not meet ours.
const lockSpace = 0x74696465;

/**
 * Takes the pen of a shard: an advisory lock on the very connection that writes its rows, so a processor that lost its lock
 * has lost its connection, and with it the means to write. Null while another processor has it.
 */
export async function claimShard(database: Database, shard: number): Promise<ShardWriter | null> {
  if (database.isSole) return new Pen(database.db, () => Promise.resolve());
  const held = await asking(`connect for shard ${shard}`, () => hold(database.db));
  try {
    const { rows } = await sql<{ locked: boolean }>`
      SELECT pg_try_advisory_lock(${lockSpace}, ${shard}) AS locked`.execute(held.db);
    if (rows[0]?.locked !== true) {
      held.release();
      return null;
    }
  } catch (cause) {
    held.release();
    throw storeFailure(`claim shard ${shard}`, cause);
  }
  return new Pen(held.db, async () => {
    // A connection that is gone has given its lock up already.
    await sql`SELECT pg_advisory_unlock(${lockSpace}, ${shard})`.execute(held.db).catch(() => undefined);
    held.release();
  });
}

/** A connection kept out of the pool until released. */
async function hold(db: Kysely<Tables>): Promise<{ db: Kysely<Tables>; release: () => void }> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const connection = await new Promise<Kysely<Tables>>((resolve, reject) => {
    db.connection()
      .execute(async (held) => {
        resolve(held);
        await released;
      })
      .catch(reject);
  });
  return { db: connection, release };
}

class Pen implements ShardWriter {
  readonly #db: Kysely<Tables>;
  readonly #release: () => Promise<void>;
  #isReleased = false;

  constructor(db: Kysely<Tables>, release: () => Promise<void>) {
    this.#db = db;
    this.#release = release;
  }

  async write(batch: Batch): Promise<Written> {
    if (this.#isReleased)
      throw new PlatformError("SHARD_LOST", "this shard was given up", { retryable: false });
    try {
      if (batch.rejections.length === 0) return await insertBatch(this.#db, batch);
      return await this.#db.transaction().execute(async (transaction) => {
        await insertRejections(transaction, batch.rejections);
        return insertBatch(transaction, batch);
      });
    } catch (cause) {
      throw storeFailure(`write ${batch.readings.length} readings`, cause);
    }
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#release();
  }
}

interface WrittenRow {
  inserted: number;
  anomalies: readonly number[] | null;
  awakened: readonly string[] | null;
}

/**
 * One statement a batch, so one snapshot and one commit: the readings that are new, from those the newest of each series and the
 * anomalies, and the devices heard of. Every parameter is an array, so the text is the same for every batch size. Of a reading
 * that is twice in a batch the first counts; the order is the same for every writer, so that two of them never deadlock.
 */
async function insertBatch(db: Kysely<Tables> | Transaction<Tables>, batch: Batch): Promise<Written> {
  const { readings } = batch;
  if (readings.length === 0) return { inserted: 0, anomalies: [], awakened: [] };
  const { rows } = await sql<WrittenRow>`
    WITH input AS (
      SELECT DISTINCT ON (device_id, sensor_type, us)
        device_id, sensor_type, ${toInstant(sql`us`)} AS ts, value, score, is_anomaly, model_version, confidence
      FROM unnest(
        ${readings.map((reading) => reading.deviceId)}::text[],
        ${readings.map((reading) => reading.sensorType)}::text[],
        ${readings.map((reading) => reading.timestampUs)}::bigint[],
        ${readings.map((reading) => reading.value)}::double precision[],
        ${readings.map((reading) => reading.score)}::real[],
        ${readings.map((reading) => reading.isAnomaly)}::boolean[],
        ${readings.map((reading) => reading.modelVersion)}::text[],
        ${readings.map((reading) => reading.confidence)}::real[]
      ) WITH ORDINALITY AS t(device_id, sensor_type, us, value, score, is_anomaly, model_version, confidence, place)
      ORDER BY device_id, sensor_type, us, place
    ), inserted AS (
      INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version)
      SELECT device_id, sensor_type, ts, value, score, is_anomaly, model_version FROM input
      ON CONFLICT DO NOTHING
      RETURNING device_id, sensor_type, ts, value, score, is_anomaly, model_version
    ), newest AS (
      SELECT DISTINCT ON (device_id, sensor_type) inserted.*, input.confidence
      FROM inserted JOIN input USING (device_id, sensor_type, ts)
      ORDER BY device_id, sensor_type, ts DESC
    ), latest AS (
      INSERT INTO device_latest (device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence)
      SELECT device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence FROM newest
      ON CONFLICT (device_id, sensor_type) DO UPDATE SET
        ts = excluded.ts, value = excluded.value, score = excluded.score, is_anomaly = excluded.is_anomaly,
        model_version = excluded.model_version, confidence = excluded.confidence
      WHERE excluded.ts > device_latest.ts
    ), ${anomalyInsert(readings)},
    heard AS (
      SELECT DISTINCT device_id, ${toInstant(sql`${batch.receivedUs}::bigint`)} AS last_seen FROM input
    ), awakened AS (
      SELECT heard.device_id FROM heard LEFT JOIN devices USING (device_id) WHERE devices.active IS NOT TRUE
    ), seen AS (
      INSERT INTO devices (device_id, first_seen, last_seen)
      SELECT device_id, last_seen, last_seen FROM heard ORDER BY device_id
      ON CONFLICT (device_id) DO UPDATE SET last_seen = greatest(devices.last_seen, excluded.last_seen), active = true
      -- Once a second is often enough to tell who is there, and spares a row version a batch.
      WHERE NOT devices.active OR excluded.last_seen > devices.last_seen + interval '1 second'
    )
    SELECT
      (SELECT count(*) FROM inserted) AS inserted,
      (SELECT array_agg(place) FROM announced) AS anomalies,
      (SELECT array_agg(device_id) FROM awakened) AS awakened`.execute(db);
  return toWritten(rows[0], readings);
}

/** The anomalies among what was inserted; `place` leads back to the reading they were made from. */
function anomalyInsert(readings: readonly ScoredReading[]) {
  const places = readings.flatMap((reading, place) => (reading.isAnomaly ? [place] : []));
  const events = places.map((place) => readings[place]).filter((reading) => reading !== undefined);
  const expected = events.map((reading) => reading.explanation?.expected ?? null);
  return sql`detail AS (
      SELECT place, device_id, sensor_type, ${toInstant(sql`us`)} AS ts, sentence, low, high FROM unnest(
        ${places}::integer[],
        ${events.map((reading) => reading.deviceId)}::text[],
        ${events.map((reading) => reading.sensorType)}::text[],
        ${events.map((reading) => reading.timestampUs)}::bigint[],
        ${events.map((reading) => reading.explanation?.sentence ?? "")}::text[],
        ${expected.map((band) => band?.low ?? null)}::double precision[],
        ${expected.map((band) => band?.high ?? null)}::double precision[]
      ) AS t(place, device_id, sensor_type, us, sentence, low, high)
    ), announced AS (
      SELECT min(detail.place) AS place, device_id, sensor_type, ts
      FROM inserted JOIN detail USING (device_id, sensor_type, ts) WHERE inserted.is_anomaly
      GROUP BY device_id, sensor_type, ts
    ), kept AS (
      INSERT INTO anomalies (device_id, sensor_type, ts, value, score, confidence, model_version, sentence,
        expected_low, expected_high)
      SELECT device_id, sensor_type, ts, inserted.value, inserted.score, input.confidence, inserted.model_version,
        detail.sentence, detail.low, detail.high
      FROM announced JOIN inserted USING (device_id, sensor_type, ts) JOIN detail USING (place, device_id, sensor_type, ts)
        JOIN input USING (device_id, sensor_type, ts)
      ON CONFLICT DO NOTHING
    )`;
}

function toWritten(row: WrittenRow | undefined, readings: readonly ScoredReading[]): Written {
  const anomalies = (row?.anomalies ?? []).toSorted((a, b) => a - b).map((place) => readings[place]);
  return {
    inserted: row?.inserted ?? 0,
    anomalies: anomalies.filter((reading) => reading !== undefined).map(toAnomalyEvent),
    awakened: row?.awakened ?? [],
  };
}
