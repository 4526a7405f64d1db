import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { alarmRuleOf, type Rule, type RuleWish, rateParts } from "../../schema/rule.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import type { RuleOutcome, RuleStore, Standing, Trail } from "./rule-ports.ts";

/** Opens the store of operators' rules. */
export function openRuleStore({ db }: Database): RuleStore {
  return {
    list: () =>
      asking("list the rules", async () => (await select(db).orderBy("name").execute()).map(toRule)),
    find: (id) =>
      asking(`read rule ${id}`, async () => {
        const row = await select(db).where("id", "=", id).executeTakeFirst();
        return row === undefined ? null : toRule(row);
      }),
    stamp: () =>
      asking("look whether rules changed", async () => {
        // Ids are never used again and versions only grow, so no two different sets of rules have the same three numbers in a row.
        const { rows } = await sql<{ stamp: string }>`
          SELECT concat_ws(' ', count(*), max(id), sum(version)) AS stamp FROM rules`.execute(db);
        return rows[0]?.stamp ?? "";
      }),
    add: (wish, by) =>
      asking(`add the rule ${wish.name}`, () =>
        db.transaction().execute((transaction) => add(transaction, wish, by)),
      ),
    change: (id, change) =>
      asking(`change rule ${id}`, () =>
        db.transaction().execute((transaction) => changeRule(transaction, id, change)),
      ),
    remove: (id, removal) =>
      asking(`remove rule ${id}`, () =>
        db.transaction().execute((transaction) => remove(transaction, id, removal)),
      ),
    standings: (keys) => asking(`read how ${keys.length} series stand`, () => standings(db, keys)),
    trails: (asked) => asking(`read the way of ${asked.length} series`, () => trails(db, asked)),
  };
}

function select(db: Kysely<Tables>) {
  return db
    .selectFrom("rules")
    .select(["id", "version", "wish", "changed_by"])
    .select(micros("changed_at").as("changed_us"));
}

type RuleRow = Awaited<ReturnType<ReturnType<typeof select>["execute"]>>[number];

function toRule({ id, version, wish, changed_by, changed_us }: RuleRow): Rule {
  // The column holds what the schema let in.
  return { id, version, ...(wish as RuleWish), changedBy: changed_by, changedUs: changed_us };
}

function columnsOf(wish: RuleWish, by: string) {
  return {
    name: wish.name,
    sensor_type: wish.sensorType,
    enabled: wish.isEnabled,
    wish: JSON.stringify(wish),
    changed_by: by,
  };
}

async function add(transaction: Kysely<Tables>, wish: RuleWish, by: string): Promise<RuleOutcome> {
  const added = await transaction
    .insertInto("rules")
    .values(columnsOf(wish, by))
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (added === undefined) return { kind: "name-taken" };
  const target = alarmRuleOf(added);
  await recordChange(transaction, { by, action: "rule.add", target, before: null, after: wish });
  return changed(transaction, added.id);
}

async function changed(transaction: Kysely<Tables>, id: number): Promise<RuleOutcome> {
  return {
    kind: "changed",
    rule: toRule(await select(transaction).where("id", "=", id).executeTakeFirstOrThrow()),
  };
}

async function changeRule(
  transaction: Kysely<Tables>,
  id: number,
  { version, wish, by }: { version: number; wish: RuleWish; by: string },
): Promise<RuleOutcome> {
  const row = await select(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: "unknown" };
  if (row.version !== version) return { kind: "stale", rule: toRule(row) };
  const namesake = await transaction
    .selectFrom("rules")
    .select("id")
    .where("name", "=", wish.name)
    .where("id", "<>", id)
    .executeTakeFirst();
  if (namesake !== undefined) return { kind: "name-taken" };
  await transaction
    .updateTable("rules")
    .set({ ...columnsOf(wish, by), version: version + 1, changed_at: sql`now()` })
    .where("id", "=", id)
    .execute();
  // How long its condition goes on is counted anew: meanwhile it may not have been looked at.
  await transaction.deleteFrom("rule_runs").where("rule", "=", alarmRuleOf({ id })).execute();
  const change = { action: "rule.change", target: alarmRuleOf({ id }), before: row.wish, after: wish };
  await recordChange(transaction, { by, ...change });
  return changed(transaction, id);
}

async function remove(
  transaction: Kysely<Tables>,
  id: number,
  { version, by }: { version: number; by: string },
): Promise<RuleOutcome> {
  const row = await select(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: "unknown" };
  if (row.version !== version) return { kind: "stale", rule: toRule(row) };
  const target = alarmRuleOf({ id });
  await transaction.deleteFrom("rules").where("id", "=", id).execute();
  await transaction.deleteFrom("rule_runs").where("rule", "=", target).execute();
  await recordChange(transaction, { by, action: "rule.remove", target, before: row.wish, after: null });
  return { kind: "changed", rule: toRule(row) };
}

async function standings(db: Kysely<Tables>, keys: readonly SeriesKey[]): Promise<readonly Standing[]> {
  const asked = sql`unnest(
      ${keys.map(({ deviceId }) => deviceId)}::text[], ${keys.map(({ sensorType }) => sensorType)}::text[]
    ) AS asked(device_id, sensor_type)`;
  const { rows } = await sql<Standing>`
    SELECT device_id AS "deviceId", sensor_type AS "sensorType", rule, ${micros("since")} AS "sinceUs", false AS "isHeld"
    FROM ${asked} JOIN rule_runs USING (device_id, sensor_type)
    UNION ALL
    SELECT device_id, sensor_type, rule, NULL, true FROM ${asked} JOIN alarms USING (device_id, sensor_type)
    WHERE state <> 'cleared' AND holds AND rule LIKE 'rule-%'`.execute(db);
  return rows;
}

/** As processor/rule-trail.ts remembers them: of every part the last reading, from the newest that is old enough on. */
async function trails(
  db: Kysely<Tables>,
  asked: readonly (SeriesKey & { readonly overSeconds: number })[],
): Promise<readonly Trail[]> {
  const partUs = 1e6 / rateParts;
  const { rows } = await sql<{ place: number; us: number; value: number }>`
    SELECT place, us, value FROM unnest(
        ${asked.map(({ deviceId }) => deviceId)}::text[],
        ${asked.map(({ sensorType }) => sensorType)}::text[],
        ${asked.map(({ overSeconds }) => overSeconds * partUs)}::bigint[]
      ) WITH ORDINALITY AS asked(device_id, sensor_type, part_us, place)
      CROSS JOIN LATERAL (
        SELECT ${micros("ts")} AS newest_us FROM readings
        WHERE readings.device_id = asked.device_id AND readings.sensor_type = asked.sensor_type AND NOT is_late
        ORDER BY ts DESC LIMIT 1
      ) newest
      CROSS JOIN LATERAL (
        SELECT timestamptz 'epoch' + (newest_us / part_us - ${rateParts}) * part_us * interval '1 microsecond' AS begins
      ) reach
      CROSS JOIN LATERAL (
        (SELECT DISTINCT ON (us / part_us) us, value FROM (
          SELECT ${micros("ts")} AS us, value FROM readings
          WHERE readings.device_id = asked.device_id AND readings.sensor_type = asked.sensor_type AND NOT is_late
            AND ts >= begins
        ) within ORDER BY us / part_us, us DESC)
        UNION ALL
        (SELECT ${micros("ts")} AS us, value FROM readings
        WHERE readings.device_id = asked.device_id AND readings.sensor_type = asked.sensor_type AND NOT is_late
          AND ts < begins
        ORDER BY ts DESC LIMIT 1)
      ) points
    ORDER BY place, us`.execute(db);
  const ways = asked.map((key) => ({ ...key, points: [] as { timestampUs: number; value: number }[] }));
  for (const { place, us, value } of rows) ways[place - 1]?.points.push({ timestampUs: us, value });
  return ways.filter(({ points }) => points.length > 0);
}
