import { type Kysely, sql, type Transaction } from "kysely";
import { anomalyRule, rankOf } from "../../schema/alarm.ts";
import { type AnomalyEvent, toAnomalyEvent } from "../../schema/event.ts";
import type { Rejection } from "../../schema/rejection.ts";
import type { Tables } from "../../schema/row.ts";
import type { ScoredReading } from "../../schema/scored.ts";
import { raiseStrikes } from "../alarms/alarm-raise.ts";
import { hasSteps, ruleStrikes, ruleTurns } from "../alarms/rule-statement.ts";
import {
  bigintArray,
  booleanArray,
  byteaArray,
  doubleArray,
  integerArray,
  realArray,
  textArray,
} from "../database/binary-arrays.ts";
import { frequent } from "../database/database.ts";
import { furthest, toInstant } from "../database/sql.ts";
import { keptBands } from "./band-statement.ts";
import type { Batch, RuleSteps } from "./shard-batch.ts";

const latestColumns = ["ts", "value", "score", "is_anomaly", "model_version", "confidence"];

function ofTheNewer(column: string) {
  return sql`${sql.ref(column)} = CASE WHEN excluded.ts > device_latest.ts
    THEN ${sql.ref(`excluded.${column}`)} ELSE ${sql.ref(`device_latest.${column}`)} END`;
}

/** What is there when it is later, but for what the clock of the database has fallen behind: that would stay for as long. */
function laterOf(table: string, column: string) {
  const [known, heard] = [sql.ref(`${table}.${column}`), sql.ref(`excluded.${column}`)];
  return sql`CASE WHEN ${known} > ${furthest} THEN ${heard} ELSE greatest(${known}, ${heard}) END`;
}

/** At least 1, and no more than an integer holds: 24 days. */
function gapMs(gapUs: number): number {
  return gapUs > 0 ? Math.min(Math.max(Math.round(gapUs / 1000), 1), 2 ** 31 - 1) : 0;
}

/** Whose batch it is. */
export interface CustodyKey {
  readonly streamId: string;
  readonly shard: number;
}

/** What the statement answers. */
export interface BatchOutcome {
  readonly inserted: number;
  readonly anomalies: readonly AnomalyEvent[];
  readonly awakened: readonly string[];
  /** The number of this batch, or null when the shard has no record. */
  readonly batch: number | null;
}

/** What a batch had to say, as it is kept in `custody.unsaid`. */
export interface Unsaid {
  readonly anomalies: readonly AnomalyEvent[] | null;
  readonly awakened: readonly string[] | null;
}

interface OutcomeRow {
  inserted: number;
  anomalies: readonly number[] | null;
  awakened: readonly string[] | null;
  batch: number | null;
}

/**
 * One statement a batch, so one snapshot and one commit: the readings that are new, the newest of each series, the anomalies, the
 * devices heard of, and the account of it all. Every parameter is an array or a value, so the text is the same for every batch size, and
 * is planned once; once more for batches that have to do with rules or bring bands. Of a reading that is twice in a batch the first counts. What can be known without the tables is worked out here: to
 * sort the batch, and to join it with what was inserted, took PostgreSQL a quarter of its time.
 */
export async function runBatch(
  db: Kysely<Tables> | Transaction<Tables>,
  batch: Batch,
  key: CustodyKey,
): Promise<BatchOutcome> {
  const { readings, steps } = batch;
  const heard = readings.map((reading) => batch.heard.get(reading));
  const gapsMs = heard.map((one) => gapMs(one?.gapUs ?? 0));
  const { rows } = await sql<OutcomeRow>`
    ${frequent} WITH input AS (
      SELECT device_id, sensor_type, ${toInstant(sql`us`)} AS ts, value, score, is_anomaly, model_version, is_late,
        confidence, is_newest, least(${toInstant(sql`heard_us`)}, ${furthest}) AS heard_at,
        nullif(gap_ms, 0) AS gap_ms
      FROM unnest(
        ${textArray(readings.map((reading) => reading.deviceId))}::text[],
        ${textArray(readings.map((reading) => reading.sensorType))}::text[],
        ${bigintArray(readings.map((reading) => reading.timestampUs))}::bigint[],
        ${doubleArray(readings.map((reading) => reading.value))}::double precision[],
        ${realArray(readings.map((reading) => reading.score))}::real[],
        ${booleanArray(readings.map((reading) => reading.isAnomaly))}::boolean[],
        ${textArray(readings.map((reading) => reading.modelVersion))}::text[],
        ${booleanArray(readings.map((reading) => reading.isLate))}::boolean[],
        ${realArray(readings.map((reading) => reading.confidence))}::real[],
        ${booleanArray(newestOf(readings))}::boolean[],
        ${bigintArray(heard.map((one) => one?.heardUs ?? batch.receivedUs))}::bigint[],
        ${integerArray(gapsMs)}::integer[]
      ) AS t(device_id, sensor_type, us, value, score, is_anomaly, model_version, is_late, confidence, is_newest, heard_us, gap_ms)
    ), inserted AS (
      INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version, is_late)
      SELECT device_id, sensor_type, ts, value, score, is_anomaly, model_version, is_late FROM input
      ON CONFLICT DO NOTHING
      RETURNING device_id, sensor_type, ts, value, score, is_anomaly, model_version
    ), latest AS (
      INSERT INTO device_latest (device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence, heard_at, gap_ms)
      SELECT device_id, sensor_type, ts, value, score, is_anomaly, model_version, confidence, heard_at, gap_ms FROM input
      WHERE is_newest ORDER BY device_id, sensor_type
      ON CONFLICT (device_id, sensor_type) DO UPDATE SET
        ${sql.join(latestColumns.map(ofTheNewer))},
        heard_at = ${laterOf("device_latest", "heard_at")}, gap_ms = coalesce(excluded.gap_ms, device_latest.gap_ms)
      -- What was stored before is not newer than what is there, and was heard before; a device whose clock was put back is still heard of.
      WHERE excluded.ts > device_latest.ts OR excluded.heard_at > device_latest.heard_at OR device_latest.heard_at > ${furthest}
    ), late AS (
      INSERT INTO late_spans (device_id, sensor_type, first, last)
      SELECT device_id, sensor_type, min(ts), max(ts) FROM inserted
      WHERE ts < (SELECT announced FROM history_state) GROUP BY device_id, sensor_type
    ), ${anomalyInsert(readings)},
    ${hasSteps(steps) ? sql`${ruleStrikes(steps)},` : sql``}
    ${strikes(steps)},
    ${raiseStrikes()},
    ${hasSteps(steps) ? sql`${ruleTurns(steps)},` : sql``}
    ${batch.bands.length > 0 ? sql`${keptBands(batch.bands)},` : sql``}
    ${accounting(batch, gapsMs)},
    heard AS (
      SELECT device_id, least(${toInstant(sql`${batch.receivedUs}::bigint`)}, ${furthest}) AS last_seen,
        nullif(gap_ms, 0) AS gap_ms
      FROM counted WHERE received > 0
    ), awakened AS (
      SELECT heard.device_id FROM heard LEFT JOIN devices USING (device_id) WHERE devices.active IS NOT TRUE
    ), seen AS (
      INSERT INTO devices (device_id, first_seen, last_seen, gap_ms)
      SELECT device_id, last_seen, last_seen, gap_ms FROM heard ORDER BY device_id
      ON CONFLICT (device_id) DO UPDATE SET last_seen = ${laterOf("devices", "last_seen")}, active = true,
        gap_ms = coalesce(excluded.gap_ms, devices.gap_ms)
      -- Once a second is often enough to tell who is there, and spares a row version a batch.
      WHERE NOT devices.active OR excluded.last_seen > devices.last_seen + interval '1 second'
        OR devices.last_seen > ${furthest}
    ), ${record(batch, key)}
    SELECT
      (SELECT count(*) FROM inserted) AS inserted,
      (SELECT array_agg(place) FROM announced) AS anomalies,
      (SELECT array_agg(device_id) FROM awakened) AS awakened,
      (SELECT batch FROM account) AS batch`.execute(db);
  return toOutcome(rows[0], readings);
}

/**
 * The anomalies among what was inserted; `place` leads back to the reading they were made from. A single join, since a plan made for
 * any batch expects few anomalies: with a second one, by nested loops, a batch of nothing else took nine times as long.
 */
function anomalyInsert(readings: readonly ScoredReading[]) {
  const places = readings.flatMap((reading, place) => (reading.isAnomaly ? [place] : []));
  const events = places.map((place) => readings[place]).filter((reading) => reading !== undefined);
  return sql`announced AS (
      SELECT DISTINCT ON (device_id, sensor_type, ts)
        place, device_id, sensor_type, ts, inserted.value, inserted.score, inserted.model_version, severity, event::jsonb AS event
      FROM inserted JOIN (
        SELECT place, device_id, sensor_type, ${toInstant(sql`us`)} AS ts, severity, event FROM unnest(
          ${integerArray(places)}::integer[],
          ${textArray(events.map((reading) => reading.deviceId))}::text[],
          ${textArray(events.map((reading) => reading.sensorType))}::text[],
          ${bigintArray(events.map((reading) => reading.timestampUs))}::bigint[],
          ${integerArray(events.map((reading) => rankOf(reading.score)))}::integer[],
          ${textArray(events.map((reading) => JSON.stringify(toAnomalyEvent(reading))))}::text[]
        ) AS t(place, device_id, sensor_type, us, severity, event)
      ) detail USING (device_id, sensor_type, ts)
      WHERE inserted.is_anomaly
      ORDER BY device_id, sensor_type, ts, place
    ), kept AS (
      INSERT INTO anomalies (device_id, sensor_type, ts, value, score, confidence, model_version, sentence,
        expected_low, expected_high, shares, sensors, learnt)
      SELECT device_id, sensor_type, ts, value, score, (event ->> 'confidence')::real, model_version, event ->> 'sentence',
        (event #>> '{expected,low}')::double precision, (event #>> '{expected,high}')::double precision,
        event -> 'shares', nullif(event -> 'sensors', jsonb_build_array(sensor_type)), (event #>> '{learning,readings}')::smallint
      FROM announced
      ON CONFLICT DO NOTHING
    )`;
}

/** What raises alarms: the anomalies, and what breaks rules. */
function strikes(steps: RuleSteps) {
  const byRule = hasSteps(steps) ? sql`UNION ALL SELECT * FROM rule_strikes` : sql``;
  return sql`strikes AS (
      SELECT device_id, sensor_type, ${anomalyRule}::text AS rule, ts, value, score, severity, event ->> 'sentence' AS sentence,
        (event #>> '{expected,low}')::double precision AS low, (event #>> '{expected,high}')::double precision AS high,
        false AS holds, NULL::integer AS clear_seconds
      FROM announced ${byRule}
    )`;
}

/** What becomes of the batch in the ledger, by device; `gapsMs` are those of its readings. */
function accounting({ readings, rejections }: Batch, gapsMs: readonly number[]) {
  const devices = new Map<string, { received: number; rejected: number; gapMs: number }>();
  const of = (deviceId: string) => {
    const counts = devices.get(deviceId) ?? { received: 0, rejected: 0, gapMs: 0 };
    devices.set(deviceId, counts);
    return counts;
  };
  for (const [place, { deviceId }] of readings.entries()) {
    const counts = of(deviceId);
    counts.received += 1;
    counts.gapMs = gapsMs[place] || counts.gapMs;
  }
  for (const { deviceId } of received(rejections)) of(deviceId ?? "").rejected += 1;
  const counts = [...devices.values()];
  return sql`counted AS (
      SELECT * FROM unnest(
        ${textArray([...devices.keys()])}::text[],
        ${integerArray(counts.map(({ received }) => received))}::integer[],
        ${integerArray(counts.map(({ rejected }) => rejected))}::integer[],
        ${integerArray(counts.map(({ gapMs }) => gapMs))}::integer[]
      ) AS t(device_id, received, rejected, gap_ms)
    ), stored_of AS (
      SELECT device_id, count(*)::integer AS stored FROM inserted GROUP BY device_id
    ), journal AS (
      INSERT INTO ledger_journal (device_ids, received, stored, rejected)
      SELECT array_agg(device_id), array_agg(received), array_agg(coalesce(stored, 0)), array_agg(rejected)
      FROM counted LEFT JOIN stored_of USING (device_id)
      HAVING count(*) > 0
    )`;
}

/** What detectors are rebuilt from, and what the shard's own record says of the batch. */
function record({ readings, rejections, positions, anchors }: Batch, { streamId, shard }: CustodyKey) {
  return sql`anchored AS (
      INSERT INTO detector_anchors (device_id, sensor_type, ts, format, state)
      SELECT device_id, sensor_type, ${toInstant(sql`us`)}, format, state FROM unnest(
        ${textArray(anchors.map((anchor) => anchor.deviceId))}::text[],
        ${textArray(anchors.map((anchor) => anchor.sensorType))}::text[],
        ${bigintArray(anchors.map((anchor) => anchor.timestampUs))}::bigint[],
        ${integerArray(anchors.map((anchor) => anchor.format))}::integer[],
        ${byteaArray(anchors.map((anchor) => anchor.state))}::bytea[]
      ) AS t(device_id, sensor_type, us, format, state)
      ORDER BY device_id, sensor_type
      ON CONFLICT (device_id, sensor_type) DO UPDATE SET
        ts = excluded.ts, format = excluded.format, state = excluded.state
    ), account AS (
      UPDATE custody SET
        batch = batch + 1,
        stored = stored + (SELECT count(*) FROM inserted),
        duplicate = duplicate + ${readings.length}::bigint - (SELECT count(*) FROM inserted),
        rejected = rejected + ${received(rejections).length}::bigint,
        positions = ${JSON.stringify(positions)}::jsonb,
        unsaid = CASE WHEN EXISTS (SELECT FROM announced) OR EXISTS (SELECT FROM awakened) THEN jsonb_build_object(
          'anomalies', (SELECT jsonb_agg(event ORDER BY place) FROM announced),
          'awakened', (SELECT jsonb_agg(device_id) FROM awakened)) END
      WHERE stream_id = ${streamId} AND shard = ${shard}
      RETURNING batch
    )`;
}

/** What something else than a broker put into the stream was never received. */
function received(rejections: readonly Rejection[]): readonly Rejection[] {
  return rejections.filter(({ code }) => code !== "FRAME_UNREADABLE");
}

/** Of each reading whether it is the newest of its series in the batch; of two of one moment the first. */
function newestOf(readings: readonly ScoredReading[]): boolean[] {
  const places = new Map<string, Map<string, number>>();
  for (const [place, { deviceId, sensorType, timestampUs }] of readings.entries()) {
    const ofDevice = places.get(deviceId) ?? new Map<string, number>();
    places.set(deviceId, ofDevice);
    const newest = readings[ofDevice.get(sensorType) ?? -1];
    if (newest === undefined || timestampUs > newest.timestampUs) ofDevice.set(sensorType, place);
  }
  const isNewest = readings.map(() => false);
  for (const ofDevice of places.values()) for (const place of ofDevice.values()) isNewest[place] = true;
  return isNewest;
}

function toOutcome(row: OutcomeRow | undefined, readings: readonly ScoredReading[]): BatchOutcome {
  const anomalies = (row?.anomalies ?? []).toSorted((a, b) => a - b).map((place) => readings[place]);
  return {
    inserted: row?.inserted ?? 0,
    anomalies: anomalies.filter((reading) => reading !== undefined).map(toAnomalyEvent),
    awakened: row?.awakened ?? [],
    batch: row?.batch ?? null,
  };
}
