import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import type { HistoryRetention } from "./ports.ts";
import { instant, readState, seconds } from "./state-sql.ts";

/** Rows removed in one transaction. */
const removedAtOnce = 50_000;
const daySeconds = 86_400;

/** Moves on from when each level has all, in whole hours, and never past what is rolled up: nothing older is rolled up again. */
export async function moveOn(
  db: Kysely<Tables>,
  { readingsDays, minutesDays, hoursDays }: HistoryRetention,
): Promise<void> {
  const since = (column: string, days: number): RawBuilder<unknown> => {
    const limit = sql`date_bin('1 hour', now() - ${seconds(days * daySeconds)}, timestamptz '2000-01-03Z')`;
    return days === 0
      ? sql`${sql.ref(column)} = ${sql.ref(column)}`
      : sql`${sql.ref(column)} = greatest(${sql.ref(column)}, least(${limit}, hours_until))`;
  };
  await sql`
    UPDATE history_state SET ${since("readings_since", readingsDays)}, ${since("minutes_since", minutesDays)},
      ${since("hours_since", hoursDays)}`.execute(db);
}

/** Removes from the plain tables what is older than it may be, a portion in each transaction. */
export async function forgetRows(db: Kysely<Tables>, retention: HistoryRetention): Promise<void> {
  await moveOn(db, retention);
  const { readingsSinceUs, minutesSinceUs, hoursSinceUs } = await readState(db);
  if (retention.readingsDays > 0) {
    await remove(db, { table: "readings", at: "ts", beforeUs: readingsSinceUs });
    await remove(db, { table: "expected_bands", at: "at", beforeUs: readingsSinceUs });
  }
  if (retention.minutesDays > 0)
    await remove(db, { table: "readings_1m", at: "bucket", beforeUs: minutesSinceUs });
  if (retention.hoursDays > 0)
    await remove(db, { table: "readings_1h", at: "bucket", beforeUs: hoursSinceUs });
}

async function remove(
  db: Kysely<Tables>,
  { table, at, beforeUs }: { table: string; at: string; beforeUs: number },
): Promise<void> {
  for (let removed = removedAtOnce; removed === removedAtOnce; ) {
    const { numAffectedRows = 0n } = await sql`
      DELETE FROM ${sql.table(table)} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${sql.table(table)} WHERE ${sql.ref(at)} < ${instant(beforeUs)} LIMIT ${removedAtOnce}
      ))`.execute(db);
    removed = Number(numAffectedRows);
  }
}
