import { type Kysely, sql } from "kysely";
import type { HistorySeries } from "../../schema/history.ts";
import type { Tables } from "../../schema/row.ts";
import { micros } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import { listed } from "./series-sql.ts";
import { instant, type Range } from "./state-sql.ts";

type Expected = HistorySeries["expected"];

/** A band is kept once an hour where readings come. One from longer ago says nothing of a series that was silent since. */
const lookBackUs = 2 * 86_400 * 1e6;

/**
 * The bands of each series, oldest first, at most `points`: the one in force at the beginning of the range, and of each part of the rest
 * the first.
 */
export async function bandsOf(
  db: Kysely<Tables>,
  keys: readonly SeriesKey[],
  { fromUs, toUs, points }: Range & { points: number },
): Promise<readonly Expected[]> {
  const partUs = Math.ceil((toUs - fromUs) / Math.max(1, points - 1));
  const { rows } = await sql<{ expected: [number, number, number][] | null }>`
    SELECT b.expected FROM ${listed(keys)} CROSS JOIN LATERAL (
      SELECT json_agg(json_build_array(us, low, high) ORDER BY us) AS expected FROM (
        (SELECT ${micros("at")} AS us, low, high FROM expected_bands r
          WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type
            AND at >= ${instant(fromUs - lookBackUs)} AND at <= ${instant(fromUs)}
          ORDER BY at DESC LIMIT 1)
        UNION ALL
        (SELECT DISTINCT ON (part) us, low, high FROM (
          SELECT us, low, high, (us - ${fromUs}::bigint) / ${partUs}::bigint AS part FROM (
            SELECT ${micros("at")} AS us, low, high FROM expected_bands r
            WHERE r.device_id = k.device_id AND r.sensor_type = k.sensor_type
              AND at > ${instant(fromUs)} AND at < ${instant(toUs)}
          ) inside
        ) parts ORDER BY part, us)
      ) kept
    ) b ORDER BY k.place`.execute(db);
  return rows.map(({ expected }) => expected ?? []);
}
