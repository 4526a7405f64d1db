import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { micros, toInstant } from "../database/sql.ts";
import { stepBegin } from "./resolution.ts";
import { addable, binned, instant, type Range, readState, seconds, settlingSeconds } from "./state-sql.ts";

// The levels as plain tables. What makes them exact without a lock: the moment until which is rolled up next is announced first, and
// rolled up once every batch that cannot have heard of it is over. A batch that has heard writes down what comes too late.

/** Of readings rolled up in one transaction. */
const sliceUs = 6 * 3600e6;
const lateAtOnce = 1000;
const minute = 60;
const hour = 3600;

export interface Announced {
  readonly untilUs: number;
  /** By the clock of the database: batches that began later have heard. */
  readonly atUs: number;
}

/** Says until when is rolled up next: from then on batches write down what they bring from before. */
export async function announce(db: Kysely<Tables>): Promise<Announced> {
  const { rows } = await sql<{ untilUs: number }>`
    UPDATE history_state SET announced = greatest(announced,
      date_bin('1 minute', now() - ${seconds(settlingSeconds)}, timestamptz '2000-01-03Z'))
    RETURNING ${micros("announced")} AS "untilUs"`.execute(db);
  const clock = await sql<{ us: number }>`SELECT ${micros("at")} AS us FROM clock_timestamp() AS at`.execute(
    db,
  );
  return { untilUs: rows[0]?.untilUs ?? 0, atUs: clock.rows[0]?.us ?? Number.MAX_SAFE_INTEGER };
}

/** Whether all that may have missed the announcement is over, and so to be seen or gone. */
export async function isSettled(db: Kysely<Tables>, { atUs }: Announced): Promise<boolean> {
  const { rows } = await sql<{ isSettled: boolean }>`
    SELECT NOT EXISTS (
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = current_setting('application_name') AND xact_start <= ${toInstant(sql`${atUs}::bigint`)}
    ) AS "isSettled"`.execute(db);
  return rows[0]?.isSettled ?? false;
}

/** Rolls up what is settled, a slice in each transaction. */
export async function rollUpUntil(db: Kysely<Tables>, untilUs: number): Promise<void> {
  while (!(await inOneSnapshot(db, (transaction) => rollUpSlice(transaction, untilUs))));
}

function inOneSnapshot<T>(
  db: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return db.transaction().setIsolationLevel("repeatable read").execute(work);
}

/** True when there is nothing left. */
async function rollUpSlice(transaction: Transaction<Tables>, untilUs: number): Promise<boolean> {
  const { minutesUntilUs, hoursUntilUs } = await readState(transaction);
  if (minutesUntilUs >= untilUs) return true;
  const { fromUs, toUs } = await nextSlice(transaction, { fromUs: minutesUntilUs, toUs: untilUs });
  const hoursToUs = Math.max(hoursUntilUs, stepBegin(toUs, hour));
  await sql`
    INSERT INTO readings_1m ${totals(sql`readings`, { step: minute, at: "ts" })}
    WHERE ts >= ${instant(fromUs)} AND ts < ${instant(toUs)} GROUP BY 1, 2, 3 ${orInstead}`.execute(
    transaction,
  );
  await sql`
    INSERT INTO readings_1h
    SELECT device_id, sensor_type, ${binned(hour, "bucket")}, sum(sum), sum(n), min(min), max(max), sum(anomalies)
    FROM readings_1m WHERE bucket >= ${instant(hoursUntilUs)} AND bucket < ${instant(hoursToUs)}
    GROUP BY 1, 2, 3 ${orInstead}`.execute(transaction);
  await sql`UPDATE history_state SET minutes_until = ${instant(toUs)}, hours_until = ${instant(hoursToUs)}`.execute(
    transaction,
  );
  return toUs >= untilUs;
}

/** The first slice of a range that has readings: a platform may have been away for months. */
async function nextSlice(transaction: Transaction<Tables>, { fromUs, toUs }: Range): Promise<Range> {
  const oldest = async (within: Range): Promise<number | null> => {
    const { rows } = await sql<{ us: number | null }>`
      SELECT ${micros("oldest")} AS us FROM (
        SELECT min(ts) AS oldest FROM readings WHERE ts >= ${instant(within.fromUs)} AND ts < ${instant(within.toUs)}
      ) found`.execute(transaction);
    return rows[0]?.us ?? null;
  };
  const endOf = (us: number): number => Math.min(us + sliceUs, toUs);
  const found = (await oldest({ fromUs, toUs: endOf(fromUs) })) ?? (await oldest({ fromUs, toUs }));
  const beginUs = found === null ? toUs : stepBegin(found, minute);
  return { fromUs: beginUs, toUs: endOf(beginUs) };
}

/** What the rows of some source come to in each step; a condition and a grouping by its first three columns follow. */
function totals(source: RawBuilder<unknown>, { step, at }: { step: number; at: string }) {
  return sql`SELECT device_id, sensor_type, ${binned(step, at)}, sum(${addable}), count(*), min(value), max(value),
      count(*) FILTER (WHERE is_anomaly)
    FROM ${source}`;
}

const orInstead = sql`ON CONFLICT (device_id, sensor_type, bucket) DO UPDATE SET
  sum = excluded.sum, n = excluded.n, min = excluded.min, max = excluded.max, anomalies = excluded.anomalies`;

/** Rolls up again whatever batches brought too late. */
export async function rollUpLate(db: Kysely<Tables>): Promise<void> {
  while ((await inOneSnapshot(db, rollUpSpans)) === lateAtOnce);
}

/** Answers how many spans there were. */
async function rollUpSpans(transaction: Transaction<Tables>): Promise<number> {
  const { rows } = await sql<{ device_id: string; sensor_type: string; firstUs: number; lastUs: number }>`
    DELETE FROM late_spans WHERE id IN (SELECT id FROM late_spans ORDER BY id LIMIT ${lateAtOnce})
    RETURNING device_id, sensor_type, ${micros("first")} AS "firstUs", ${micros("last")} AS "lastUs"`.execute(
    transaction,
  );
  if (rows.length === 0) return 0;
  // As numbers: what a moment looks like as text is for the settings of the database to say.
  const spans = sql`(
    SELECT device_id, sensor_type, ${toInstant(sql`first_us`)} AS first, ${toInstant(sql`last_us`)} AS last FROM unnest(
      ${rows.map((row) => row.device_id)}::text[], ${rows.map((row) => row.sensor_type)}::text[],
      ${rows.map((row) => row.firstUs)}::bigint[], ${rows.map((row) => row.lastUs)}::bigint[]
    ) AS t(device_id, sensor_type, first_us, last_us)
  ) AS spans`;
  await rollUpAgain(transaction, { spans, table: "readings_1m", step: minute, until: "minutes_until" });
  await rollUpAgain(transaction, { spans, table: "readings_1h", step: hour, until: "hours_until" });
  return rows.length;
}

interface Again {
  readonly spans: RawBuilder<unknown>;
  readonly table: "readings_1m" | "readings_1h";
  readonly step: number;
  readonly until: "minutes_until" | "hours_until";
}

/** Whole steps that are rolled up already, and whose readings are all still there. */
async function rollUpAgain(
  transaction: Transaction<Tables>,
  { spans, table, step, until }: Again,
): Promise<void> {
  const whole = sql`tstzrange(${binned(step, "first")}, ${binned(step, "last")} + ${seconds(step)})`;
  const source = sql`(
      SELECT device_id, sensor_type, unnest(range_agg(${whole})) AS span FROM ${spans} GROUP BY device_id, sensor_type
    ) span CROSS JOIN history_state CROSS JOIN LATERAL (
      SELECT ts, value, is_anomaly FROM readings
      WHERE readings.device_id = span.device_id AND readings.sensor_type = span.sensor_type
        AND ts >= greatest(lower(span), readings_since) AND ts < least(upper(span), ${sql.ref(until)})
    ) readings`;
  await sql`
    INSERT INTO ${sql.table(table)} ${totals(source, { step, at: "ts" })} GROUP BY 1, 2, 3 ${orInstead}`.execute(
    transaction,
  );
}
