import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { micros } from "../database/sql.ts";
import type { HistoryRetention } from "./ports.ts";
import { stepBegin } from "./resolution.ts";
import { moveOn } from "./retention-sql.ts";
import { type HistoryState, instant, type Range, readState, settlingSeconds } from "./state-sql.ts";

// The levels as continuous aggregates of TimescaleDB. They are refreshed from here and not by policies of its own: a refresh must never
// reach back to where the readings are gone, or what was made of them goes as well; and how far back that is moves on.

const minute = 60;
const hour = 3600;
/** The second is made of the first. */
const levels = [
  ["readings_1m", minute],
  ["readings_1h", hour],
] as const;

/** Brings the aggregates up to date, with what came late. */
export async function refreshAggregates(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ us: number }>`
    SELECT (extract(epoch FROM now() - ${settlingSeconds} * interval '1 second') * 1000000)::bigint AS us`.execute(
    db,
  );
  const toUs = stepBegin(rows[0]?.us ?? 0, minute);
  const state = await readState(db);
  for (const slice of await slicesOf(db, state, toUs)) await refresh(db, slice);
  await refresh(db, { fromUs: state.readingsSinceUs, toUs });
  await sql`
    UPDATE history_state SET minutes_until = ${instant(toUs)}, hours_until = ${instant(stepBegin(toUs, hour))}`.execute(
    db,
  );
}

/**
 * What has to be rolled up chunk by chunk, since it is too much at once: all of a history from before. The oldest first, for up to the
 * newest that is rolled up the aggregates do not ask the readings.
 */
async function slicesOf(
  db: Kysely<Tables>,
  { minutesUntilUs, readingsSinceUs }: HistoryState,
  toUs: number,
): Promise<Range[]> {
  const { rows } = await sql<Range>`
    SELECT ${micros("range_start")} AS "fromUs", ${micros("range_end")} AS "toUs" FROM timescaledb_information.chunks
    WHERE hypertable_name = 'readings' AND range_end > ${instant(minutesUntilUs)} AND range_end < ${instant(toUs)}
    ORDER BY range_start`.execute(db);
  return rows.map((chunk) => ({ ...chunk, fromUs: Math.max(chunk.fromUs, readingsSinceUs) }));
}

/** Of each level the whole steps of the range; from 0 on means from the beginning. */
async function refresh(db: Kysely<Tables>, range: Range): Promise<void> {
  for (const [name, step] of levels) {
    const toUs = stepBegin(range.toUs, step);
    if (toUs - range.fromUs < step * 1e6) continue;
    const from = range.fromUs === 0 ? sql`NULL::timestamptz` : instant(range.fromUs);
    await sql`CALL refresh_continuous_aggregate(${sql.lit(name)}, ${from}, ${instant(toUs)})`.execute(db);
  }
}

/** Removes chunks that are wholly older than they may be. */
export async function forgetChunks(db: Kysely<Tables>, retention: HistoryRetention): Promise<void> {
  await refreshAggregates(db);
  await moveOn(db, retention);
  const { readingsSinceUs, minutesSinceUs, hoursSinceUs } = await readState(db);
  const drop = async (name: string, days: number, beforeUs: number): Promise<void> => {
    if (days > 0)
      await sql`SELECT drop_chunks(${name}::regclass, older_than => ${instant(beforeUs)})`.execute(db);
  };
  await drop("readings", retention.readingsDays, readingsSinceUs);
  await drop("expected_bands", retention.readingsDays, readingsSinceUs);
  await drop("readings_1m", retention.minutesDays, minutesSinceUs);
  await drop("readings_1h", retention.hoursDays, hoursSinceUs);
}
