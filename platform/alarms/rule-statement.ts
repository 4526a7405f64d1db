import { type RawBuilder, sql } from "kysely";
import {
  bigintArray,
  booleanArray,
  doubleArray,
  integerArray,
  realArray,
  textArray,
} from "../database/binary-arrays.ts";
import { toInstant } from "../database/sql.ts";
import type { RuleSteps, RuleStrike } from "../readings/shard-batch.ts";

const keysOf = (keys: readonly Pick<RuleStrike, "deviceId" | "sensorType" | "rule">[]) => sql`
        ${textArray(keys.map(({ deviceId }) => deviceId))}::text[],
        ${textArray(keys.map(({ sensorType }) => sensorType))}::text[],
        ${textArray(keys.map(({ rule }) => rule))}::text[]`;

/** Whether a batch has anything to say of rules. Most have not, and are spared the statement's other half. */
export function hasSteps({ strikes, ends, begins }: RuleSteps): boolean {
  return strikes.length + ends.length + begins.length > 0;
}

/**
 * The readings among what was inserted that break rules, as what raises alarms. Of two of one moment only the one that was stored
 * counts. An absent bound is NaN, for the binary arrays have no nulls.
 */
export function ruleStrikes({ strikes }: RuleSteps): RawBuilder<unknown> {
  return sql`rule_strikes AS (
      SELECT DISTINCT ON (device_id, sensor_type, rule, ts)
        device_id, sensor_type, rule, ts, inserted.value, detail.score, severity, sentence,
        nullif(low, 'NaN') AS low, nullif(high, 'NaN') AS high, holds, clear_seconds
      FROM inserted JOIN (
        SELECT device_id, sensor_type, rule, ${toInstant(sql`us`)} AS ts, value, score, severity, sentence, low, high, holds,
          clear_seconds
        FROM unnest(${keysOf(strikes)},
          ${bigintArray(strikes.map(({ timestampUs }) => timestampUs))}::bigint[],
          ${doubleArray(strikes.map(({ value }) => value))}::double precision[],
          ${realArray(strikes.map(({ score }) => score))}::real[],
          ${integerArray(strikes.map(({ severity }) => severity))}::integer[],
          ${textArray(strikes.map(({ sentence }) => sentence))}::text[],
          ${doubleArray(strikes.map(({ expected }) => expected?.low ?? Number.NaN))}::double precision[],
          ${doubleArray(strikes.map(({ expected }) => expected?.high ?? Number.NaN))}::double precision[],
          ${booleanArray(strikes.map(({ holds }) => holds))}::boolean[],
          ${integerArray(strikes.map(({ clearSeconds }) => clearSeconds))}::integer[]
        ) AS t(device_id, sensor_type, rule, us, value, score, severity, sentence, low, high, holds, clear_seconds)
      ) detail USING (device_id, sensor_type, ts)
      WHERE detail.value = inserted.value
      ORDER BY device_id, sensor_type, rule, ts
    )`;
}

/** What ended and began: alarms that hold no more, in the order in which everybody locks alarms, and since when conditions go on. */
export function ruleTurns({ ends, begins }: RuleSteps): RawBuilder<unknown> {
  const begun = new Set(begins.map(nameOf));
  const over = ends.filter((end) => !begun.has(nameOf(end)));
  return sql`ended AS (
      SELECT id FROM alarms JOIN unnest(${keysOf(ends)}) AS t(device_id, sensor_type, rule) USING (device_id, sensor_type, rule)
      WHERE state <> 'cleared' AND holds
        -- A row can be changed only once in a statement; what was struck, too, has it from there.
        AND NOT EXISTS (SELECT FROM episodes
          WHERE (episodes.device_id, episodes.sensor_type, episodes.rule) = (alarms.device_id, alarms.sensor_type, alarms.rule))
      ORDER BY device_id, sensor_type, rule FOR UPDATE OF alarms
    ), relaxed AS (
      UPDATE alarms SET holds = false, heard_at = now() FROM ended WHERE alarms.id = ended.id
    ), begun AS (
      INSERT INTO rule_runs (device_id, sensor_type, rule, since)
      SELECT device_id, sensor_type, rule, ${toInstant(sql`us`)} FROM unnest(${keysOf(begins)},
        ${bigintArray(begins.map(({ sinceUs }) => sinceUs))}::bigint[]
      ) AS t(device_id, sensor_type, rule, us)
      ORDER BY device_id, sensor_type, rule
      ON CONFLICT (device_id, sensor_type, rule) DO UPDATE SET since = excluded.since
    ), over AS (
      DELETE FROM rule_runs USING unnest(${keysOf(over)}) AS t(device_id, sensor_type, rule)
      WHERE (rule_runs.device_id, rule_runs.sensor_type, rule_runs.rule) = (t.device_id, t.sensor_type, t.rule)
    )`;
}

function nameOf({ deviceId, sensorType, rule }: RuleSteps["ends"][number]): string {
  return `${deviceId}/${sensorType}/${rule}`;
}
