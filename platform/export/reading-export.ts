import { type RawBuilder, sql } from "kysely";
import { csvField, type ExportedPoint } from "../../schema/export.ts";
import type { Database } from "../database/database.ts";
import type { ReadingExport } from "./export-ports.ts";
import { walk } from "./series-walk.ts";

/**
 * Opens the way out for readings. They are read in pages by their key: no connection is held between two of them, so it works on the one
 * connection of PGlite, and a client that takes its time holds up nobody.
 */
export function openReadingExport({ db }: Database): ReadingExport {
  return {
    runs: async function* (query) {
      for await (const { deviceId, sensorType, content } of walk(db, query, columnar))
        yield { deviceId, sensorType, points: toPoints(content) };
    },
    lines: async function* (query) {
      for await (const { deviceId, sensorType, content } of walk(db, query, csv)) {
        const series = `${csvField(deviceId)},${csvField(sensorType)},`;
        // Each line but the last has its end already.
        yield `${series}${content.replaceAll("\n", () => `\n${series}`)}\n`;
      }
    },
  };
}

interface Columns {
  readonly us: readonly number[];
  readonly value: readonly number[];
  readonly score: readonly number[];
  readonly anomaly: readonly boolean[];
  readonly model: readonly string[];
}

/** A list a column: one value of JSON for the driver, whatever the number of rows. */
const columnar = {
  aggregate: sql<Columns>`json_build_object('us', json_agg(us ORDER BY us), 'value', json_agg(value ORDER BY us),
    'score', json_agg(score ORDER BY us), 'anomaly', json_agg(is_anomaly ORDER BY us), 'model', json_agg(model_version ORDER BY us))`,
};

function toPoints({ us, value, score, anomaly, model }: Columns): ExportedPoint[] {
  return us.map((timestampUs, place) => ({
    timestampUs,
    value: value[place] ?? Number.NaN,
    score: score[place] ?? Number.NaN,
    isAnomaly: anomaly[place] === true,
    modelVersion: model[place] ?? "",
  }));
}

const moment = sql`to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** As `csvField` does it. */
function field(column: RawBuilder<unknown>): RawBuilder<string> {
  const safe = sql`CASE WHEN ${column} ~ '^[=+@-]' THEN '''' || ${column} ELSE ${column} END`;
  return sql<string>`CASE WHEN ${column} ~ '[",]' THEN '"' || replace(${safe}, '"', '""') || '"' ELSE ${safe} END`;
}

/** What follows the names of the series in each line. */
const csv = {
  aggregate: sql<string>`string_agg(concat_ws(',', ${moment}, value, score, is_anomaly::text, ${field(sql`model_version`)}), E'\\n' ORDER BY us)`,
};
