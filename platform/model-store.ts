import { sql } from "kysely";
import type { Reading } from "../schema/reading.ts";
import { asking, type Database } from "./database.ts";
import type { ModelStore } from "./ports.ts";
import { micros } from "./sql.ts";

/** Opens the store of learned models. */
export function openModelStore({ db }: Database): ModelStore {
  return {
    newest: () =>
      asking("load the models", async () => {
        const rows = await db
          .selectFrom("models")
          .selectAll()
          .distinctOn("sensor_type")
          .orderBy("sensor_type")
          .orderBy("version", "desc")
          .execute();
        return rows.map((row) => ({
          sensorType: row.sensor_type,
          version: row.version,
          compiled: row.compiled,
          seed: row.seed,
          trainingRows: row.training_rows,
        }));
      }),
    save: (model) =>
      asking(`save the model ${model.sensorType}@${model.version}`, async () => {
        const result = await db
          .insertInto("models")
          .values({
            sensor_type: model.sensorType,
            version: model.version,
            compiled: Buffer.from(model.compiled),
            seed: model.seed,
            training_rows: model.trainingRows,
          })
          .onConflict((conflict) => conflict.columns(["sensor_type", "version"]).doNothing())
          .executeTakeFirst();
        return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
      }),
    typesWithHistory: (minReadings, except) =>
      asking("look for sensor types without a model", async () => {
        // Types come from device_latest, which is small; each is then counted only as far as needed.
        const { rows } = await sql<{ sensor_type: string }>`
          SELECT sensor_type FROM (
            SELECT DISTINCT sensor_type FROM device_latest WHERE sensor_type <> ALL(${[...except]}::text[])
          ) types
          WHERE (
            SELECT count(*) FROM (
              SELECT 1 FROM device_latest d JOIN readings r USING (device_id, sensor_type)
              WHERE d.sensor_type = types.sensor_type LIMIT ${minReadings}
            ) enough
          ) >= ${minReadings}
          ORDER BY sensor_type`.execute(db);
        return rows.map((row) => row.sensor_type);
      }),
    history: (sensorType, { devices, readings }) =>
      asking(`read the history of ${sensorType}`, async () => {
        const { rows } = await sql<{ device_id: string; timestamp_us: number; value: number }>`
          SELECT d.device_id, r.timestamp_us, r.value
          FROM (SELECT device_id FROM device_latest WHERE sensor_type = ${sensorType} ORDER BY device_id LIMIT ${devices}) d
          CROSS JOIN LATERAL (
            SELECT ${micros("ts")} AS timestamp_us, value FROM readings
            WHERE readings.device_id = d.device_id AND sensor_type = ${sensorType}
            ORDER BY ts DESC LIMIT ${readings}
          ) r
          ORDER BY d.device_id, r.timestamp_us`.execute(db);
        return rows.map(
          (row): Reading => ({
            deviceId: row.device_id,
            sensorType,
            timestampUs: row.timestamp_us,
            value: row.value,
          }),
        );
      }),
  };
}
