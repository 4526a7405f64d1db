import { type RawBuilder, sql } from "kysely";
import { bigintArray, doubleArray, textArray } from "../database/binary-arrays.ts";
import { toInstant } from "../database/sql.ts";
import type { ExpectedBand } from "./shard-batch.ts";

/** Keeps the bands of a batch. One that is there already says the same. */
export function keptBands(bands: readonly ExpectedBand[]): RawBuilder<unknown> {
  return sql`banded AS (
      INSERT INTO expected_bands (device_id, sensor_type, at, low, high)
      SELECT device_id, sensor_type, ${toInstant(sql`us`)}, low, high FROM unnest(
        ${textArray(bands.map(({ deviceId }) => deviceId))}::text[],
        ${textArray(bands.map(({ sensorType }) => sensorType))}::text[],
        ${bigintArray(bands.map(({ timestampUs }) => timestampUs))}::bigint[],
        ${doubleArray(bands.map(({ low }) => low))}::double precision[],
        ${doubleArray(bands.map(({ high }) => high))}::double precision[]
      ) AS t(device_id, sensor_type, us, low, high)
      ON CONFLICT DO NOTHING
    )`;
}
