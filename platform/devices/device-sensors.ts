import { type Kysely, sql } from "kysely";
import type { SensorSummary } from "../../schema/api.ts";
import { toLearning } from "../../schema/event.ts";
import type { Tables } from "../../schema/row.ts";
import { learningReadings } from "../../schema/scored.ts";
import { sensorLabel, sensorUnit } from "../../schema/sensors.ts";
import { micros } from "../database/sql.ts";

/** How many readings a young series has learnt from. One that has an anchor (`detector_anchors`) is young no more, and not counted. */
export const learnt = sql<number | null>`CASE WHEN NOT EXISTS (
    SELECT FROM detector_anchors anchor
    WHERE anchor.device_id = device_latest.device_id AND anchor.sensor_type = device_latest.sensor_type
  ) THEN (
    SELECT count(*) FROM (
      SELECT FROM readings r
      WHERE r.device_id = device_latest.device_id AND r.sensor_type = device_latest.sensor_type AND NOT r.is_late
      LIMIT ${learningReadings}
    ) enough
  ) END`;

/** The sensors of devices, with their newest readings, in the order of their names. */
export async function sensorsOf(
  db: Kysely<Tables>,
  deviceIds: readonly string[],
): Promise<Map<string, SensorSummary[]>> {
  const rows = await db
    .selectFrom("device_latest")
    .select(["device_id", "sensor_type", "value", "score", "is_anomaly", micros("ts").as("timestamp_us")])
    .select(learnt.as("learnt"))
    .where("device_id", "=", (eb) => eb.fn.any(eb.val([...deviceIds])))
    .orderBy("device_id")
    .orderBy("sensor_type")
    .execute();
  const sensors = new Map<string, SensorSummary[]>();
  for (const row of rows) {
    const list = sensors.get(row.device_id) ?? [];
    sensors.set(row.device_id, list);
    list.push({
      type: row.sensor_type,
      label: sensorLabel(row.sensor_type),
      unit: sensorUnit(row.sensor_type),
      timestampUs: row.timestamp_us,
      value: row.value,
      score: row.score,
      isAnomaly: row.is_anomaly,
      learning: toLearning(row.learnt),
    });
  }
  return sensors;
}
