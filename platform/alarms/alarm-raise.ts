import { type Kysely, type RawBuilder, sql } from "kysely";
import { platformActor, rankOf } from "../../schema/alarm.ts";
import type { Tables } from "../../schema/row.ts";
import { frequent } from "../database/database.ts";
import { toInstant } from "../database/sql.ts";
import type { AlarmRaise } from "./alarm-ports.ts";

/** Whether an alarm is on the shelf at this moment. */
export const isShelved = sql<boolean>`coalesce(alarms.shelved_until > now(), false)`;

/** What an alarm shows of its worst reading. */
export const peakColumns = ["peak_score", "peak_value", "peak_sentence", "expected_low", "expected_high"];

/** A column of the peak, from whichever of the two rows has the higher one. */
export function ofTheHigher(column: string) {
  return sql`${sql.ref(column)} = CASE WHEN excluded.peak_score > alarms.peak_score
    THEN ${sql.ref(`excluded.${column}`)} ELSE ${sql.ref(`alarms.${column}`)} END`;
}

const isWorse = sql`(excluded.severity > alarms.severity AND NOT ${isShelved})`;

/**
 * The alarm of everything in the relation `strikes` (device_id, sensor_type, rule, ts, value, score, severity, sentence, low, high, holds,
 * clear_seconds): the first strike raises it, those that come while it is open are only counted, and one of a higher severity makes it
 * worse. In the order in which everybody locks alarms. A row that was just inserted has no transaction that locked or deleted it.
 */
export function raiseStrikes({ onlyNewer = false } = {}): RawBuilder<unknown> {
  return sql`episodes AS (
      SELECT DISTINCT ON (device_id, sensor_type, rule)
        device_id, sensor_type, rule, min(ts) OVER alarm AS raised_at, max(ts) OVER alarm AS last_at, count(*) OVER alarm AS anomalies,
        max(severity) OVER alarm AS severity, score, value, sentence, low, high, holds, clear_seconds
      FROM strikes WINDOW alarm AS (PARTITION BY device_id, sensor_type, rule)
      ORDER BY device_id, sensor_type, rule, score DESC, ts
    ), raised AS (
      INSERT INTO alarms (device_id, sensor_type, rule, raised_at, last_at, anomalies, severity, holds, clear_seconds,
        peak_score, peak_value, peak_sentence, expected_low, expected_high)
      SELECT device_id, sensor_type, rule, raised_at, last_at, anomalies, severity, holds, clear_seconds,
        score, value, sentence, low, high
      FROM episodes ORDER BY device_id, sensor_type, rule
      ON CONFLICT (device_id, sensor_type, rule) WHERE state <> 'cleared' DO UPDATE SET
        last_at = greatest(alarms.last_at, excluded.last_at),
        heard_at = now(),
        anomalies = alarms.anomalies + excluded.anomalies,
        holds = excluded.holds,
        clear_seconds = excluded.clear_seconds,
        severity = greatest(alarms.severity, excluded.severity),
        version = alarms.version + ${isWorse}::integer,
        worsened_in = CASE WHEN ${isWorse} THEN pg_current_xact_id() ELSE alarms.worsened_in END,
        ${sql.join(peakColumns.map(ofTheHigher))}
      ${onlyNewer ? sql`WHERE excluded.last_at > alarms.last_at` : sql``}
      RETURNING id, version, state, is_muted, xmax = 0 AS is_new, worsened_in = pg_current_xact_id() AS is_worse
    ), alarmed AS (
      INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by, announced_at)
      SELECT id, version, CASE WHEN is_new THEN 'raised' ELSE 'worsened' END, CASE WHEN NOT is_new THEN state END, state,
        ${platformActor}::text, CASE WHEN is_muted THEN now() END
      FROM raised WHERE is_new OR is_worse ORDER BY id
    )`;
}

/** Raises or counts what was found outside of a batch; answers how many alarms were new. */
export async function raise(db: Kysely<Tables>, raises: readonly AlarmRaise[]): Promise<number> {
  if (raises.length === 0) return 0;
  const { rows } = await sql<{ count: number }>`
    ${frequent} WITH strikes AS (
      SELECT device_id, sensor_type, rule, ${toInstant(sql`us`)} AS ts, value, score, severity, sentence, low, high, holds,
        NULL::integer AS clear_seconds
      FROM unnest(
        ${raises.map(({ deviceId }) => deviceId)}::text[],
        ${raises.map(({ sensorType }) => sensorType)}::text[],
        ${raises.map(({ rule }) => rule)}::text[],
        ${raises.map(({ atUs }) => atUs)}::bigint[],
        ${raises.map(({ value }) => value)}::double precision[],
        ${raises.map(({ score }) => score)}::real[],
        ${raises.map(({ score }) => rankOf(score))}::smallint[],
        ${raises.map(({ sentence }) => sentence)}::text[],
        ${raises.map(({ expected }) => expected?.low ?? null)}::double precision[],
        ${raises.map(({ expected }) => expected?.high ?? null)}::double precision[],
        ${raises.map(({ holds }) => holds)}::boolean[]
      ) AS t(device_id, sensor_type, rule, us, value, score, severity, sentence, low, high, holds)
    ), ${raiseStrikes({ onlyNewer: true })}
    SELECT count(*) AS count FROM raised WHERE is_new`.execute(db);
  return rows[0]?.count ?? 0;
}
