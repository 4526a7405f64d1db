import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Rejection } from "../schema/rejection.ts";
import type { Tables } from "../schema/row.ts";

/** A timestamptz column as whole microseconds since the epoch; `Date` would drop the last three digits. */
export function micros(column: string): RawBuilder<number> {
  return sql<number>`(extract(epoch FROM ${sql.ref(column)}) * 1000000)::bigint`;
}

/** Microseconds since the epoch as a timestamptz. Exact: interval arithmetic is in whole microseconds, and 2^53 of them last until 2255. */
export function toInstant(timestampUs: RawBuilder<unknown>): RawBuilder<Date> {
  return sql<Date>`(timestamptz 'epoch' + ${timestampUs} * interval '1 microsecond')`;
}

// `last_seen` is written once a second at most, so it can be this much behind the truth.
const lastSeenSlackMs = 1000;

/** The moment after which a device must have been heard of; the database's clock is the one that all processes share. */
export function heardSince(timeoutMs: number): RawBuilder<Date> {
  return sql<Date>`now() - ${timeoutMs + lastSeenSlackMs} * interval '1 millisecond'`;
}

/** Keeps rejections; one that is kept already stays as it is. */
export async function insertRejections(db: Kysely<Tables>, rejections: readonly Rejection[]): Promise<void> {
  await db
    .insertInto("rejected")
    .values(
      rejections.map((rejection) => ({
        id: rejection.id,
        code: rejection.code,
        reason: rejection.reason,
        device_id: rejection.deviceId,
        source: rejection.source,
        payload: rejection.payload,
        payload_bytes: rejection.payloadBytes,
        received_at: toInstant(sql`${rejection.receivedUs}::bigint`),
      })),
    )
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}
