import { type Kysely, type RawBuilder, sql } from "kysely";
import { platformActor } from "../schema/alarm.ts";
import type { Tables } from "../schema/row.ts";
import { isShelved } from "./alarm-raise.ts";
import type { SeriesKey } from "./shard-batch.ts";

/** Whether an alarm is not over. */
export const isOpen = sql<boolean>`alarms.state <> 'cleared'`;

/** Clears what the relation `due` (id, state, is_over) says is over, and takes the rest of it off the shelf; answers how many. */
async function end(db: Kysely<Tables>, due: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    WITH due AS (${due}), settled AS (
      UPDATE alarms SET version = version + 1, shelved_until = NULL, holds = alarms.holds AND NOT due.is_over,
        state = CASE WHEN due.is_over THEN 'cleared' ELSE alarms.state END,
        cleared_at = CASE WHEN due.is_over THEN now() END
      FROM due WHERE alarms.id = due.id
      RETURNING alarms.id, version, due.is_over, due.state AS from_state, alarms.state AS to_state
    ), noted AS (
      INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by)
      SELECT id, version, CASE WHEN is_over THEN 'cleared' ELSE 'unshelved' END, from_state, to_state, ${platformActor}::text
      FROM settled ORDER BY id
    )
    SELECT count(*) AS count FROM settled`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Whether there is nobody to say that its condition is over. */
const isWithoutRule = sql`(rule LIKE 'rule-%' AND NOT EXISTS (SELECT FROM rules
  WHERE enabled AND 'rule-' || id = alarms.rule AND rules.sensor_type = alarms.sensor_type))`;

/** Clears what is quiet for long enough and holds no more. One that a batch or an operator has locked is looked at the next time. */
export function settle(db: Kysely<Tables>, clearMs: number): Promise<number> {
  const isQuiet = sql`((NOT holds OR ${isWithoutRule})
    AND heard_at < now() - coalesce(clear_seconds * 1000, ${clearMs}::bigint) * interval '1 millisecond')`;
  return end(
    db,
    sql`SELECT id, state, ${isQuiet} AS is_over FROM alarms
      WHERE ${isOpen} AND NOT ${isShelved} AND (shelved_until IS NOT NULL OR ${isQuiet})
      ORDER BY id FOR UPDATE SKIP LOCKED`,
  );
}

/** Clears the open alarms of a rule about these, since its condition has ended; what is shelved clears when its time there is over. */
export async function settleRule(
  db: Kysely<Tables>,
  rule: string,
  keys: readonly SeriesKey[],
): Promise<number> {
  if (keys.length === 0) return 0;
  // In the order in which everybody locks alarms, and nobody's is passed over: the condition ends only once.
  const ended = sql`SELECT id, state, ${isShelved} AS is_shelved FROM alarms JOIN unnest(
        ${keys.map(({ deviceId }) => deviceId)}::text[], ${keys.map(({ sensorType }) => sensorType)}::text[]
      ) AS key(device_id, sensor_type) USING (device_id, sensor_type)
      WHERE ${isOpen} AND rule = ${rule} ORDER BY device_id, sensor_type FOR UPDATE OF alarms`;
  const isWaiting = sql`SELECT id FROM (${ended}) AS ended WHERE is_shelved`;
  return db.transaction().execute(async (transaction) => {
    await sql`UPDATE alarms SET holds = false WHERE id IN (${isWaiting})`.execute(transaction);
    return end(
      transaction,
      sql`SELECT id, state, true AS is_over FROM (${ended}) AS ended WHERE NOT is_shelved`,
    );
  });
}
