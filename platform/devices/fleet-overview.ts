import { type Kysely, sql } from "kysely";
import { alarmSeverities, rankOfSeverity } from "../../schema/alarm.ts";
import { type DeviceState, deviceStates } from "../../schema/device-state.ts";
import type { Tables } from "../../schema/row.ts";
import { learningReadings } from "../../schema/scored.ts";
import { isOpen } from "../alarms/alarm-end.ts";
import { isShelved } from "../alarms/alarm-raise.ts";
import { asking } from "../database/database.ts";
import type { Overview } from "./device-ports.ts";
import { learnt } from "./device-sensors.ts";
import { stateOf, withPresence } from "./device-state-sql.ts";

/** Young series that are looked at: to count the readings of each takes an index descent. */
const youngLookedAt = 2000;

/** How the fleet is. One question after another, since PGlite has one connection. */
export function overview(db: Kysely<Tables>, timeoutMs: number): Promise<Overview> {
  return asking("count the fleet", async () => ({
    devices: await states(db, timeoutMs),
    alarms: await openAlarms(db),
    raised: await raisedLately(db),
    learning: await learning(db),
    stored: await storedSoFar(db),
  }));
}

async function states(db: Kysely<Tables>, timeoutMs: number): Promise<Overview["devices"]> {
  const { rows } = await sql<{ state: DeviceState; count: number }>`
    SELECT state, count(*) AS count FROM (
      SELECT ${stateOf(timeoutMs)} AS state FROM devices ${withPresence}
    ) AS states GROUP BY state
    UNION ALL
    SELECT 'never-seen', count(*) FROM principals
    WHERE publish IS NULL AND NOT EXISTS (SELECT FROM devices WHERE device_id = user_name)`.execute(db);
  const countOf = (state: DeviceState) => rows.find((row) => row.state === state)?.count ?? 0;
  // Object.fromEntries forgets its keys; these are all there are.
  return Object.fromEntries(deviceStates.map((state) => [state, countOf(state)])) as Overview["devices"];
}

async function openAlarms(db: Kysely<Tables>): Promise<Overview["alarms"]> {
  const { rows } = await sql<{ severity: number; count: number }>`
    SELECT severity, count(*) AS count FROM alarms
    WHERE ${isOpen} AND NOT ${isShelved} AND group_id IS NULL GROUP BY severity`.execute(db);
  const countOf = (rank: number) => rows.find((row) => row.severity === rank)?.count ?? 0;
  const counts = alarmSeverities.map((severity) => [severity, countOf(rankOfSeverity(severity))]);
  // As above.
  return Object.fromEntries(counts) as Overview["alarms"];
}

/** Asked in two parts, of which each has an index: what was raised within an hour and is over was over within that hour. */
async function raisedLately(db: Kysely<Tables>): Promise<Overview["raised"]> {
  const { rows } = await sql<Overview["raised"]>`
    SELECT count(*) FILTER (WHERE opened_at > now() - interval '10 minutes') AS "tenMinutes", count(*) AS hour FROM (
      SELECT opened_at, is_muted FROM alarms WHERE ${isOpen}
      UNION ALL
      SELECT opened_at, is_muted FROM alarms WHERE state = 'cleared' AND cleared_at > now() - interval '1 hour'
    ) AS lately WHERE opened_at > now() - interval '1 hour' AND NOT is_muted`.execute(db);
  return rows[0] ?? { tenMinutes: 0, hour: 0 };
}

async function learning(db: Kysely<Tables>): Promise<Overview["learning"]> {
  const { rows } = await sql<{ young: number; looked: number }>`
    SELECT count(*) FILTER (WHERE learnt < ${learningReadings}) AS young, count(*) AS looked FROM (
      SELECT ${learnt} AS learnt FROM device_latest WHERE NOT EXISTS (
        SELECT FROM detector_anchors AS anchor
        WHERE anchor.device_id = device_latest.device_id AND anchor.sensor_type = device_latest.sensor_type
      ) LIMIT ${youngLookedAt}
    ) AS series`.execute(db);
  const { young = 0, looked = 0 } = rows[0] ?? {};
  return { series: young, isAtLeast: looked === youngLookedAt };
}

async function storedSoFar(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ stored: number }>`
    SELECT coalesce(sum(stored), 0)::bigint AS stored FROM custody`.execute(db);
  return rows[0]?.stored ?? 0;
}
