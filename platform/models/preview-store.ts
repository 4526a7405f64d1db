import { sql } from "kysely";
import { anomalyRule } from "../../schema/alarm.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, removeOld, toInstant } from "../database/sql.ts";
import { numbersIn } from "./detector-histories.ts";
import type { JudgedAlarm, PreviewStore, PreviewTask } from "./tuning-ports.ts";

const mostTries = 3;

/** Opens the processors' side of previews. */
export function openPreviewStore({ db }: Database): PreviewStore {
  return {
    take: (worker, leaseMs) =>
      asking("take a preview", async () => {
        // Whoever took it that often died of it, or with it.
        await sql`
          UPDATE tuning_previews SET done_at = now(), failure = 'it was begun three times and never finished'
          WHERE done_at IS NULL AND tries >= ${mostTries} AND taken_until < now()`.execute(db);
        const { rows } = await sql<PreviewTask>`
          UPDATE tuning_previews SET taken_by = ${worker}, tries = tries + 1,
            taken_until = now() + ${leaseMs} * interval '1 millisecond'
          WHERE id = (
            SELECT id FROM tuning_previews WHERE done_at IS NULL AND coalesce(taken_until < now(), true)
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
          )
          RETURNING id, sensor_type AS "sensorType", device_id AS "deviceId", wish, days`.execute(db);
        return rows[0] ?? null;
      }),
    renew: (id, worker, leaseMs) =>
      asking(`go on with preview ${id}`, async () => {
        const { numAffectedRows } = await sql`
          UPDATE tuning_previews SET taken_until = now() + ${leaseMs} * interval '1 millisecond'
          WHERE id = ${id} AND taken_by = ${worker} AND done_at IS NULL`.execute(db);
        return numAffectedRows === 1n;
      }),
    finish: (id, worker, answer) =>
      asking(`answer preview ${id}`, async () => {
        const outcome = "outcome" in answer ? JSON.stringify(answer.outcome) : null;
        const failure = "failure" in answer ? answer.failure : null;
        await sql`
          UPDATE tuning_previews SET done_at = now(), outcome = ${outcome}::jsonb, failure = ${failure}
          WHERE id = ${id} AND taken_by = ${worker} AND done_at IS NULL`.execute(db);
      }),
    forgetOlderThan: (days) =>
      asking("forget old previews", () => {
        const isOld = sql`done_at < now() - ${days} * interval '1 day'`;
        return removeOld(db, { table: "tuning_previews", isOld, by: "done_at" });
      }),
    alarmsSince: ({ sensorType, deviceId }, sinceUs) =>
      asking(`read the alarms of ${sensorType}`, async () => {
        let select = db
          .selectFrom("alarms")
          .select([
            "id",
            "device_id as deviceId",
            "sensor_type as sensorType",
            "peak_sentence as sentence",
            "verdict",
          ])
          .select([micros("raised_at").as("raisedUs"), micros("last_at").as("lastUs")])
          .where("rule", "=", anomalyRule)
          .where("sensor_type", "=", sensorType)
          .where("raised_at", ">=", toInstant(sql`${sinceUs}::bigint`));
        if (deviceId !== null) select = select.where("device_id", "=", deviceId);
        const rows: readonly JudgedAlarm[] = await select.orderBy("id").execute();
        return rows;
      }),
    seriesOf: ({ sensorType, deviceId }, { sinceUs, limit }) =>
      asking(`list the series of ${sensorType}`, async () => {
        const { rows } = await sql<{ deviceId: string; all: number }>`
          SELECT device_id AS "deviceId", count(*) OVER () AS all FROM device_latest
          LEFT JOIN (
            SELECT device_id, count(*) AS alarms FROM alarms
            WHERE sensor_type = ${sensorType} AND rule = ${anomalyRule} AND raised_at >= ${toInstant(sql`${sinceUs}::bigint`)}
            GROUP BY device_id
          ) counted USING (device_id)
          WHERE sensor_type = ${sensorType} AND (device_id = ${deviceId} OR ${deviceId}::text IS NULL AND NOT EXISTS (
            -- The tuning of a type is not for devices that have one of their own.
            SELECT FROM tunings WHERE tunings.sensor_type = ${sensorType} AND tunings.device_id = device_latest.device_id
              AND tuning IS NOT NULL AND NOT EXISTS (
                SELECT FROM tunings AS newer WHERE newer.sensor_type = tunings.sensor_type
                  AND newer.device_id = tunings.device_id AND newer.id > tunings.id
              )
          ))
          ORDER BY coalesce(alarms, 0) DESC, device_id LIMIT ${limit}`.execute(db);
        const series = rows.map((row) => ({ deviceId: row.deviceId, sensorType }));
        return { series, all: rows[0]?.all ?? 0 };
      }),
    readingsBefore: ({ deviceId, sensorType }, beforeUs, count) =>
      asking(`look back in ${deviceId}`, async () => {
        const { rows } = await sql<{ us: number | null }>`
          SELECT min(us) AS us FROM (
            SELECT ${micros("ts")} AS us FROM readings
            WHERE device_id = ${deviceId} AND sensor_type = ${sensorType} AND NOT is_late
              AND ts < ${toInstant(sql`${beforeUs}::bigint`)}
            ORDER BY ts DESC LIMIT ${count}
          ) before`.execute(db);
        return rows[0]?.us ?? beforeUs;
      }),
    readings: ({ deviceId, sensorType }, { fromUs, untilUs, limit }) =>
      asking(`read the history of ${deviceId}`, async () => {
        // As two texts, since a row object for each would cost five times as much to take apart.
        const { rows } = await sql<{ timestamps: string | null; values: string | null }>`
          SELECT string_agg(us::text, ' ' ORDER BY us) AS timestamps, string_agg(value::text, ' ' ORDER BY us) AS values
          FROM (
            SELECT ${micros("ts")} AS us, value FROM readings
            WHERE device_id = ${deviceId} AND sensor_type = ${sensorType} AND NOT is_late
              AND ts >= ${toInstant(sql`${fromUs}::bigint`)} AND ts < ${toInstant(sql`${untilUs}::bigint`)}
            ORDER BY ts LIMIT ${limit}
          ) page`.execute(db);
        const values = numbersIn(rows[0]?.values ?? null);
        return numbersIn(rows[0]?.timestamps ?? null).map((timestampUs, place) => ({
          timestampUs,
          value: values[place] ?? 0,
        }));
      }),
  };
}
