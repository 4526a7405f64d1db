import { type Kysely, type RawBuilder, sql } from "kysely";
import { type Role, roles } from "../../schema/access.ts";
import type { AuditRecord } from "../../schema/audit.ts";
import type { Rejection } from "../../schema/rejection.ts";
import type { Tables } from "../../schema/row.ts";

/** A timestamptz column as whole microseconds since the epoch; `Date` would drop the last three digits. */
export function micros(column: string): RawBuilder<number> {
  return sql<number>`(extract(epoch FROM ${sql.ref(column)}) * 1000000)::bigint`;
}

/** Microseconds since the epoch as a timestamptz. Exact: interval arithmetic is in whole microseconds, and 2^53 of them last until 2255. */
export function toInstant(timestampUs: RawBuilder<unknown>): RawBuilder<Date> {
  return sql<Date>`(timestamptz 'epoch' + ${timestampUs} * interval '1 microsecond')`;
}

/** A moment so many milliseconds from now, by the clock of the database. */
export function inMs(ms: number): RawBuilder<Date> {
  return sql<Date>`now() + ${ms} * interval '1 millisecond'`;
}

/** A role as the database has it; its own check lets no other word in. */
export function roleOf(text: string): Role {
  return roles.find((role) => role === text) ?? "viewer";
}

// `last_seen` is written once a second at most, so it can be this much behind the truth.
const lastSeenSlackMs = 1000;

/** The moment after which a device must have been heard of; the database's clock is the one that all processes share. */
export function heardSince(timeoutMs: number): RawBuilder<Date> {
  return sql<Date>`now() - ${timeoutMs + lastSeenSlackMs} * interval '1 millisecond'`;
}

/** Nothing is heard of later than this: a broker whose clock stands ahead must not keep anybody from falling silent. */
export const furthest = sql<Date>`(now() + interval '1 minute')`;

/** Whether a broker lives: it gives a sign of life every second. */
export const isAlive = sql<boolean>`(brokers.beat_at IS NOT NULL AND brokers.beat_at > now() - interval '10 seconds')`;

/** Whether a device is connected: its broker said so and is alive. `presence` and `brokers` must be joined. */
export const isConnected = sql<boolean>`(presence.is_online AND ${isAlive})`;

/** Keeps rejections; one that is kept already stays as it is. Arrays, since `values` ends at 65 535 parameters. */
export async function insertRejections(db: Kysely<Tables>, rejections: readonly Rejection[]): Promise<void> {
  await sql`
    INSERT INTO rejected (id, code, reason, device_id, source, payload, payload_bytes, received_at)
    SELECT id, code, reason, device_id, source, payload, payload_bytes, ${toInstant(sql`received_us`)}
    FROM unnest(
      ${rejections.map((rejection) => rejection.id)}::uuid[],
      ${rejections.map((rejection) => rejection.code)}::text[],
      ${rejections.map((rejection) => rejection.reason)}::text[],
      ${rejections.map((rejection) => rejection.deviceId)}::text[],
      ${rejections.map((rejection) => rejection.source)}::text[],
      ${rejections.map((rejection) => rejection.payload)}::text[],
      ${rejections.map((rejection) => rejection.payloadBytes)}::integer[],
      ${rejections.map((rejection) => rejection.receivedUs)}::bigint[]
    ) AS t(id, code, reason, device_id, source, payload, payload_bytes, received_us)
    ON CONFLICT (id) DO NOTHING`.execute(db);
}

/** Records a change; to be called in the transaction that makes it, so that there is never one without the other. */
export function recordChange(transaction: Kysely<Tables>, change: AuditRecord): Promise<void> {
  return recordChanges(transaction, [change]);
}

/** As `recordChange`, of many changes at once. */
export async function recordChanges(
  transaction: Kysely<Tables>,
  changes: readonly AuditRecord[],
): Promise<void> {
  const json = (value: unknown): string | null =>
    value === null || value === undefined ? null : JSON.stringify(value);
  await sql`
    INSERT INTO audit (by, action, target, before, after)
    SELECT by, action, target, before::jsonb, after::jsonb
    FROM unnest(
      ${changes.map(({ by }) => by)}::text[],
      ${changes.map(({ action }) => action)}::text[],
      ${changes.map(({ target }) => target)}::text[],
      ${changes.map(({ before }) => json(before))}::text[],
      ${changes.map(({ after }) => json(after))}::text[]
    ) WITH ORDINALITY AS t(by, action, target, before, after, place) ORDER BY place`.execute(transaction);
}

/** Most rows removed in one statement, so that none holds up the others for long. */
const removedAtOnce = 10_000;

/** Removes portion after portion; `remove` takes at most so many rows and answers how many there were. Answers how many in all. */
export async function inPortions(
  remove: (most: number) => Promise<number>,
  most = removedAtOnce,
): Promise<number> {
  for (let removed = 0; ; ) {
    const count = await remove(most);
    removed += count;
    if (count < most) return removed;
  }
}

/** Removes the rows of a table that are old, in portions, those that are oldest by `by` first; answers how many. */
export function removeOld(
  db: Kysely<Tables>,
  { table, isOld, by }: { table: keyof Tables; isOld: RawBuilder<unknown>; by: string },
): Promise<number> {
  return inPortions(async (most) => {
    const { numAffectedRows } = await sql`
      DELETE FROM ${sql.table(table)} WHERE id IN (
        SELECT id FROM ${sql.table(table)} WHERE ${isOld} ORDER BY ${sql.ref(by)} LIMIT ${most} FOR UPDATE SKIP LOCKED
      )`.execute(db);
    return Number(numAffectedRows ?? 0);
  });
}
