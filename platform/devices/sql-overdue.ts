import { type Kysely, sql } from "kysely";
import { silentRule } from "../../schema/alarm.ts";
import type { Tables } from "../../schema/row.ts";
import { isOpen } from "../alarms/alarm-end.ts";
import { furthest, micros, toInstant } from "../database/sql.ts";
import type { OverdueQuestion, SeriesHeard } from "../ports.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";

/** What was missed for longer is nobody's news. */
const forgottenAfter = sql`interval '30 days'`;

/**
 * A look through the whole of `device_latest`: an index on what every batch changes would cost each of them more. Whoever was told of
 * since it was last heard of is left out, whatever became of that alarm.
 */
export async function overdueDevices(
  db: Kysely<Tables>,
  { untilUs, leastUs, gaps }: OverdueQuestion,
): Promise<readonly SeriesHeard[]> {
  // Those that speak are written down as heard of no later.
  const until = sql`least(${toInstant(sql`${untilUs}::bigint`)}, ${furthest})`;
  const { rows } = await sql<{
    device_id: string;
    sensor_type: string;
    heard_us: number;
    gap_ms: number | null;
  }>`
    WITH overdue AS (
      SELECT DISTINCT device_id FROM device_latest AS late
      WHERE gap_ms IS NOT NULL AND heard_at > ${until} - ${forgottenAfter}
        AND heard_at + greatest(${leastUs / 1000}::double precision, ${gaps}::double precision * gap_ms) * interval '1 millisecond' < ${until}
        AND NOT EXISTS (
          SELECT FROM alarms WHERE alarms.device_id = late.device_id AND rule = ${silentRule} AND (
            (alarms.sensor_type = late.sensor_type AND last_at >= late.heard_at) OR (
              alarms.sensor_type = '' AND last_at >= (
                SELECT max(heard_at) FROM device_latest AS own WHERE own.device_id = late.device_id
              )
            )
          )
        )
    )
    SELECT device_id, sensor_type, ${micros("heard_at")} AS heard_us, gap_ms
    FROM device_latest JOIN overdue USING (device_id) WHERE heard_at IS NOT NULL
    ORDER BY device_id, sensor_type`.execute(db);
  return rows.map((row) => ({
    deviceId: row.device_id,
    sensorType: row.sensor_type,
    heardUs: row.heard_us,
    gapUs: row.gap_ms === null ? null : row.gap_ms * 1000,
  }));
}

/** The open alarms of silence whose sensor, or any sensor of the device, was heard of since. */
export async function heardAgain(db: Kysely<Tables>): Promise<readonly SeriesKey[]> {
  const { rows } = await sql<{ device_id: string; sensor_type: string }>`
    SELECT device_id, sensor_type FROM alarms
    WHERE ${isOpen} AND rule = ${silentRule} AND holds AND EXISTS (
      SELECT FROM device_latest AS heard WHERE heard.device_id = alarms.device_id AND heard.heard_at > alarms.last_at
        AND (alarms.sensor_type = '' OR heard.sensor_type = alarms.sensor_type)
    )`.execute(db);
  return rows.map((row) => ({ deviceId: row.device_id, sensorType: row.sensor_type }));
}
