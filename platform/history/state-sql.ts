import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { formatTimestamp } from "../../schema/timestamp.ts";
import type { RolledUp } from "./resolution.ts";

/** Readings may be so late and still be rolled up with the others; what is newer is read from the readings anyway. */
export const settlingSeconds = 300;

/** How far the roll-up has come, and what is left of each level; microseconds since the epoch, 0 for the beginning of time. */
export interface HistoryState extends RolledUp {
  readonly readingsSinceUs: number;
  readonly minutesSinceUs: number;
  readonly hoursSinceUs: number;
}

const beginning: HistoryState = {
  minutesUntilUs: 0,
  hoursUntilUs: 0,
  readingsSinceUs: 0,
  minutesSinceUs: 0,
  hoursSinceUs: 0,
};

function sinceEpoch(column: string) {
  return sql<number>`(extract(epoch FROM greatest(${sql.ref(column)}, timestamptz 'epoch')) * 1000000)::bigint`;
}

/** Makes the one row of the state, should it be missing. */
export async function beginState(db: Kysely<Tables>): Promise<void> {
  await sql`INSERT INTO history_state DEFAULT VALUES ON CONFLICT DO NOTHING`.execute(db);
}

export async function readState(db: Kysely<Tables>): Promise<HistoryState> {
  const state = await db
    .selectFrom("history_state")
    .select([
      sinceEpoch("minutes_until").as("minutesUntilUs"),
      sinceEpoch("hours_until").as("hoursUntilUs"),
      sinceEpoch("readings_since").as("readingsSinceUs"),
      sinceEpoch("minutes_since").as("minutesSinceUs"),
      sinceEpoch("hours_since").as("hoursSinceUs"),
    ])
    .executeTakeFirst();
  return state ?? beginning;
}

/** Whether the levels are continuous aggregates of TimescaleDB, which are complete at any moment. */
export async function isContinuous(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ isView: boolean }>`
    SELECT relkind = 'v' AS "isView" FROM pg_class WHERE oid = to_regclass('readings_1m')`.execute(db);
  return rows[0]?.isView ?? false;
}

/** A number of seconds as an interval. */
export function seconds(count: number) {
  return sql`${count}::bigint * interval '1 second'`;
}

/** The beginning of the step a moment lies in. */
export function binned(stepSeconds: number, column: string) {
  return sql`date_bin(${seconds(stepSeconds)}, ${sql.ref(column)}, timestamptz '2000-01-03Z')`;
}

/** A value as it may be added up: no two of them, however large, leave the range of a number. */
export const addable: RawBuilder<number> = sql`least(greatest(value, -1e290), 1e290)`;

/** From a moment on and before another, microseconds since the epoch. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A moment that is not worked out by the database, so that it knows while it plans which chunks it can leave alone. */
export function instant(us: number): RawBuilder<Date> {
  return sql<Date>`${formatTimestamp(us)}::timestamptz`;
}
