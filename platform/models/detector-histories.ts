import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking } from "../database/database.ts";
import { micros } from "../database/sql.ts";
import type { DetectorHistory } from "../ports.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";

interface HistoryRow {
  device_id: string;
  sensor_type: string;
  anchor_us: number | null;
  state: Buffer | null;
  timestamps: string | null;
  values: string | null;
}

/**
 * The anchor of each series and what came after it: one index descent a series. The points come as two texts a series, since a
 * row object for each would cost five times as much to take apart.
 */
export function detectorHistories(
  db: Kysely<Tables>,
  keys: readonly SeriesKey[],
  { format, limit }: { format: number; limit: number },
): Promise<readonly DetectorHistory[]> {
  return asking(`read the history of ${keys.length} detectors`, async () => {
    const { rows } = await sql<HistoryRow>`
      SELECT k.device_id, k.sensor_type, a.us AS anchor_us, a.state, r.timestamps, r.values
      FROM unnest(
        ${keys.map((key) => key.deviceId)}::text[],
        ${keys.map((key) => key.sensorType)}::text[]
      ) AS k(device_id, sensor_type)
      LEFT JOIN LATERAL (
        SELECT ts, ${micros("ts")} AS us, state FROM detector_anchors
        WHERE device_id = k.device_id AND sensor_type = k.sensor_type AND format = ${format}
      ) a ON true
      CROSS JOIN LATERAL (
        SELECT string_agg(us::text, ' ' ORDER BY us) AS timestamps, string_agg(value::text, ' ' ORDER BY us) AS values
        FROM (
          SELECT ${micros("ts")} AS us, value FROM readings
          WHERE readings.device_id = k.device_id AND readings.sensor_type = k.sensor_type AND NOT is_late
            AND ts > coalesce(a.ts, '-infinity')
          ORDER BY ts DESC LIMIT ${limit}
        ) newest
      ) r
      WHERE a.us IS NOT NULL OR r.timestamps IS NOT NULL`.execute(db);
    return rows.map((row) => toHistory(row, format));
  });
}

function toHistory(row: HistoryRow, format: number): DetectorHistory {
  const key = { deviceId: row.device_id, sensorType: row.sensor_type };
  const timestamps = numbersIn(row.timestamps);
  const values = numbersIn(row.values);
  const anchor =
    row.anchor_us === null || row.state === null
      ? null
      : { ...key, timestampUs: row.anchor_us, format, state: row.state };
  const points = timestamps.map((timestampUs, place) => ({ timestampUs, value: values[place] ?? 0 }));
  return { ...key, anchor, points };
}

/** The numbers of a text with spaces between them. */
export function numbersIn(text: string | null): readonly number[] {
  return text === null ? [] : text.split(" ").map(Number);
}
