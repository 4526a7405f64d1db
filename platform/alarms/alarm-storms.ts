import { type Kysely, sql } from "kysely";
import { platformActor } from "../../schema/alarm.ts";
import type { Tables } from "../../schema/row.ts";
import { isOpen } from "./alarm-end.ts";
import type { StormLimits } from "./alarm-ports.ts";
import { isShelved, ofTheHigher, peakColumns } from "./alarm-raise.ts";

/** Alarms of one rule and sensor type that were raised within the window and belong to no group yet. */
interface Crowd {
  readonly sensor_type: string;
  readonly rule: string;
  readonly devices: number;
  /** Whether such alarms are being gathered already: the group took some in within the window. */
  readonly is_raging: boolean;
}

/** The kinds of alarms that many devices have at once. Cheap while there is no crowd: most of the time nothing is fresh. */
export async function findStorms(db: Kysely<Tables>, limits: StormLimits): Promise<readonly Crowd[]> {
  const window = sql`${limits.windowMs} * interval '1 millisecond'`;
  const { rows } = await sql<Crowd>`
    SELECT crowd.*, EXISTS (
      SELECT FROM alarms WHERE device_id = '' AND alarms.sensor_type = crowd.sensor_type AND alarms.rule = crowd.rule
        AND ${isOpen} AND heard_at > now() - ${window}
    ) AS is_raging
    FROM (
      SELECT sensor_type, rule, count(*) AS devices FROM alarms
      WHERE ${isOpen} AND group_id IS NULL AND device_id <> '' AND opened_at > now() - ${window}
      GROUP BY sensor_type, rule
    ) AS crowd`.execute(db);
  const storms: Crowd[] = [];
  for (const crowd of rows) if (crowd.is_raging || (await isStorm(db, crowd, limits))) storms.push(crowd);
  return storms;
}

/** Whether a crowd is large for its sensor type. The devices of the type are counted only when there are enough for a small one. */
async function isStorm(
  db: Kysely<Tables>,
  { sensor_type: sensorType, devices }: Crowd,
  limits: StormLimits,
): Promise<boolean> {
  if (limits.devices === 0 || devices < limits.devices) return false;
  const ofType = sql`SELECT FROM device_latest JOIN devices USING (device_id) WHERE active AND sensor_type = ${sensorType}`;
  const all = sensorType === "" ? sql`SELECT FROM devices WHERE active` : ofType;
  // So many must there not be more; counting further would tell nothing.
  const most = Math.floor((100 * devices) / limits.sharePercent);
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM (${all} LIMIT ${most + 1}) AS counted`.execute(db);
  return (rows[0]?.count ?? 0) <= most;
}

/**
 * Makes one alarm of a storm, or adds to the one that is open. Members that nobody has heard of yet are spoken for by it from now on.
 * To be called while nobody announces. What a batch has locked just now joins the next time.
 */
export async function gatherStorm(
  db: Kysely<Tables>,
  { sensor_type: sensorType, rule }: Crowd,
  { windowMs }: StormLimits,
): Promise<void> {
  const window = sql`${windowMs} * interval '1 millisecond'`;
  // Worse, or another wave after a pause.
  const isNews = sql`((excluded.severity > alarms.severity OR alarms.heard_at < now() - ${window})
    AND NOT ${isShelved})`;
  await sql`
    WITH fresh AS (
      SELECT * FROM alarms
      WHERE ${isOpen} AND group_id IS NULL AND device_id <> '' AND sensor_type = ${sensorType} AND rule = ${rule}
        AND opened_at > now() - ${window}
      ORDER BY id FOR UPDATE SKIP LOCKED
    ), worst AS (SELECT * FROM fresh ORDER BY peak_score DESC, id LIMIT 1), all_of_it AS (
      SELECT count(*) FILTER (WHERE NOT EXISTS (
          SELECT FROM alarms AS own JOIN alarms AS storm ON storm.id = own.group_id
          WHERE own.device_id = fresh.device_id AND own.sensor_type = fresh.sensor_type AND own.rule = fresh.rule
            AND storm.state <> 'cleared'
        )) AS members, min(raised_at) AS raised_at, max(last_at) AS last_at, sum(anomalies) AS anomalies,
        max(severity) AS severity
      FROM fresh
    ), gathered AS (
      INSERT INTO alarms (device_id, sensor_type, rule, members, raised_at, last_at, anomalies, severity, holds,
        peak_score, peak_value, peak_sentence, expected_low, expected_high)
      SELECT '', worst.sensor_type, worst.rule, all_of_it.members, all_of_it.raised_at, all_of_it.last_at, all_of_it.anomalies,
        all_of_it.severity, true, peak_score, peak_value, worst.device_id || ': ' || peak_sentence, expected_low, expected_high
      FROM worst, all_of_it
      ON CONFLICT (device_id, sensor_type, rule) WHERE state <> 'cleared' DO UPDATE SET
        members = alarms.members + excluded.members,
        raised_at = least(alarms.raised_at, excluded.raised_at),
        last_at = greatest(alarms.last_at, excluded.last_at),
        heard_at = now(),
        anomalies = alarms.anomalies + excluded.anomalies,
        severity = greatest(alarms.severity, excluded.severity),
        version = alarms.version + ${isNews}::integer,
        worsened_in = CASE WHEN ${isNews} THEN pg_current_xact_id() ELSE alarms.worsened_in END,
        ${sql.join(peakColumns.map(ofTheHigher))}
      RETURNING id, version, state, xmax = 0 AS is_new, worsened_in = pg_current_xact_id() AS is_news
    ), noted AS (
      INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by)
      SELECT id, version, CASE WHEN is_new THEN 'raised' ELSE 'worsened' END, CASE WHEN NOT is_new THEN state END, state,
        ${platformActor}::text
      FROM gathered WHERE is_new OR is_news
    ), unheard AS (
      UPDATE alarm_events SET announced_at = now() FROM fresh
      WHERE alarm_id = fresh.id AND announced_at IS NULL AND by = ${platformActor}
      RETURNING alarm_id, alarm_events.version
    )
    UPDATE alarms SET group_id = gathered.id,
      is_muted = EXISTS (SELECT FROM unheard WHERE alarm_id = alarms.id AND unheard.version = 1)
        AND NOT EXISTS (SELECT FROM notifications WHERE alarm_id = alarms.id)
    FROM fresh, gathered WHERE alarms.id = fresh.id`.execute(db);
}

/** Makes a group as bad as the worst of its open members: what nobody hears of a member must not be lost with it. */
export async function worsenGroups(db: Kysely<Tables>): Promise<void> {
  await sql`
    WITH worse AS (
      SELECT alarms.id, worst.device_id || ': ' || worst.peak_sentence AS sentence, worst.severity, worst.peak_score, worst.peak_value,
        worst.expected_low, worst.expected_high, NOT ${isShelved} AS is_told
      FROM alarms CROSS JOIN LATERAL (
        SELECT * FROM alarms AS member WHERE member.group_id = alarms.id AND member.state <> 'cleared'
          AND member.severity > alarms.severity
        ORDER BY member.severity DESC, member.peak_score DESC, member.id LIMIT 1
      ) worst
      WHERE alarms.members > 0 AND ${isOpen}
      FOR UPDATE OF alarms SKIP LOCKED
    ), worsened AS (
      UPDATE alarms SET version = version + is_told::integer, severity = worse.severity, peak_score = worse.peak_score,
        peak_value = worse.peak_value, peak_sentence = worse.sentence, expected_low = worse.expected_low,
        expected_high = worse.expected_high
      FROM worse WHERE alarms.id = worse.id
      RETURNING alarms.id, version, state, is_told
    )
    INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by)
    SELECT id, version, 'worsened', state, state, ${platformActor}::text FROM worsened WHERE is_told`.execute(
    db,
  );
}
