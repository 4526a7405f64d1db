import { type Kysely, type RawBuilder, sql } from "kysely";
import { platformActor, silentRule } from "../../schema/alarm.ts";
import type { Tables } from "../../schema/row.ts";
import { removeOld } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import { isShelved } from "./alarm-raise.ts";

/** Whether an alarm is not over. */
export const isOpen = sql<boolean>`alarms.state <> 'cleared'`;

/** Whether it is over and nobody has acknowledged it. */
export const isUnseen = sql<boolean>`(alarms.state = 'cleared' AND alarms.acknowledged_by IS NULL)`;

/** Clears what the relation `due` (id, state, is_over) says is over, and takes the rest of it off the shelf; answers how many. */
async function end(db: Kysely<Tables>, due: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    WITH due AS (${due}), settled AS (
      UPDATE alarms SET version = version + 1, shelved_until = NULL, holds = alarms.holds AND NOT due.is_over,
        state = CASE WHEN due.is_over THEN 'cleared' ELSE alarms.state END,
        cleared_at = CASE WHEN due.is_over THEN now() END
      FROM due WHERE alarms.id = due.id
      RETURNING alarms.id, version, is_muted, due.is_over, due.state AS from_state, alarms.state AS to_state
    ), noted AS (
      INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by, announced_at)
      SELECT id, version, CASE WHEN is_over THEN 'cleared' ELSE 'unshelved' END, from_state, to_state, ${platformActor}::text,
        CASE WHEN is_muted THEN now() END
      FROM settled ORDER BY id
    )
    SELECT count(*) AS count FROM settled`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Whether there is nobody to say that its condition is over. */
const isWithoutRule = sql`(rule LIKE 'rule-%' AND NOT EXISTS (SELECT FROM rules
  WHERE enabled AND 'rule-' || id = alarms.rule AND rules.sensor_type = alarms.sensor_type))`;

/** Whether it is a group whose members have all cleared. Not while it takes in others, which this statement may not see yet. */
const isDispersed = sql`(members > 0 AND heard_at < now() - interval '1 second' AND NOT EXISTS (SELECT FROM alarms AS member
  WHERE member.group_id = alarms.id AND member.state <> 'cleared'))`;

/** Clears what is quiet for long enough and holds no more, and groups after their members. One that a batch or an operator has locked is looked at the next time. */
export function settle(db: Kysely<Tables>, clearMs: number): Promise<number> {
  const isQuiet = sql`(members = 0 AND (NOT holds OR ${isWithoutRule})
    AND heard_at < now() - coalesce(clear_seconds * 1000, ${clearMs}::bigint) * interval '1 millisecond')`;
  const isOver = sql`(${isQuiet} OR ${isDispersed})`;
  return end(
    db,
    sql`SELECT id, state, ${isOver} AS is_over FROM alarms
      WHERE ${isOpen} AND NOT ${isShelved} AND (shelved_until IS NOT NULL OR ${isOver})
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

/**
 * Does with the members of a group what an operator did with the group; those it speaks for are not spoken of. Whoever acknowledges or
 * clears it has seen those that are over, too.
 */
export async function endMembers(
  db: Kysely<Tables>,
  group: number,
  { by, kind }: { by: string; kind: "acknowledge" | "clear" },
): Promise<void> {
  const isEnd = kind === "clear";
  const ended = sql`state = 'cleared', shelved_until = NULL, cleared_at = coalesce(alarms.cleared_at, now())`;
  const taken = sql`state = CASE WHEN alarms.state = 'cleared' THEN alarms.state ELSE 'acknowledged' END`;
  await sql`
    WITH due AS (
      SELECT id, state FROM alarms
      WHERE group_id = ${group} AND (${isUnseen} OR ${isEnd ? isOpen : sql`alarms.state = 'raised'`})
      ORDER BY device_id, id FOR UPDATE
    ), changed AS (
      UPDATE alarms SET version = version + 1, acknowledged_by = coalesce(acknowledged_by, ${by}), ${isEnd ? ended : taken}
      FROM due WHERE alarms.id = due.id
      RETURNING alarms.id, version, is_muted, due.state AS from_state, alarms.state AS to_state
    )
    INSERT INTO alarm_events (alarm_id, version, change, from_state, to_state, by, comment, announced_at)
    SELECT id, version, CASE WHEN to_state = from_state THEN 'acknowledged' ELSE to_state END, from_state, to_state, ${by}::text, ${`with alarm ${group}`}::text, CASE WHEN is_muted THEN now() END
    FROM changed ORDER BY id`.execute(db);
}

/** Lets go of what holds about devices that are registered no more: nobody is left to say that it is over, and it is as quiet as they are. */
export async function letGoOfForgotten(db: Kysely<Tables>): Promise<void> {
  await sql`
    UPDATE alarms SET holds = false WHERE id IN (
      SELECT id FROM alarms WHERE ${isOpen} AND holds AND members = 0
        AND NOT EXISTS (SELECT FROM devices WHERE devices.device_id = alarms.device_id)
      ORDER BY device_id, sensor_type, rule FOR UPDATE SKIP LOCKED
    )`.execute(db);
}

/** Whether it is all that says of a silence that goes on that it was told. */
const tellsOfSilence = sql`(rule = ${silentRule} AND (SELECT max(heard_at) <= alarms.last_at FROM device_latest AS heard
  WHERE heard.device_id = alarms.device_id AND (alarms.sensor_type = '' OR heard.sensor_type = alarms.sensor_type)) IS TRUE)`;

/** Removes what was cleared more than so many days ago, with its events; answers how many. */
export function forgetCleared(db: Kysely<Tables>, days: number): Promise<number> {
  const isOld = sql`state = 'cleared' AND cleared_at < now() - ${days} * interval '1 day' AND NOT ${tellsOfSilence}`;
  return removeOld(db, { table: "alarms", isOld, by: "cleared_at" });
}
