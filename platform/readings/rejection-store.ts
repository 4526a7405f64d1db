import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import type { Rejection } from "../../schema/rejection.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { insertRejections, micros, recordChange, removeOld, toInstant } from "../database/sql.ts";
import type { RejectionEnd, RejectionGroup, RejectionPlace, RejectionStore } from "../ports.ts";

/** Opens the store of refused messages. */
export function openRejectionStore({ db }: Database): RejectionStore {
  return {
    keep: (rejections) =>
      asking(`keep ${rejections.length} rejections`, async () => {
        if (rejections.length > 0) await insertRejections(db, rejections);
      }),
    list: ({ before, limit, ...group }) =>
      asking("read the rejected messages", async () => {
        let select = whole(grouped(db.selectFrom("rejected"), group));
        if (before !== undefined) select = select.where(place, "<", at(before));
        const rows = await select.orderBy("received_at", "desc").orderBy("id", "desc").limit(limit).execute();
        return rows.map(toRejection);
      }),
    oldest: ({ after, limit, ...group }) =>
      asking("read the oldest rejected messages", async () => {
        let select = whole(grouped(db.selectFrom("rejected"), group));
        if (after !== undefined) select = select.where(place, ">", at(after));
        const rows = await select.orderBy("received_at").orderBy("id").limit(limit).execute();
        return rows.map(toRejection);
      }),
    find: (ids) =>
      asking(`read ${ids.length} rejected messages`, async () => {
        const rows = await whole(db.selectFrom("rejected"))
          .where("id", "=", sql<string>`any(${[...ids]}::uuid[])`)
          .orderBy("received_at")
          .orderBy("id")
          .execute();
        return rows.map(toRejection);
      }),
    summary: (group) => asking("count the rejected messages", () => summary(db, group)),
    remove: (ids, why) => asking(`remove ${ids.length} rejected messages`, () => remove(db, ids, why)),
    discardOldest: (query, by) =>
      asking("remove the oldest rejected messages", () => discardOldest(db, query, by)),
    forgetOlderThan: (days) =>
      asking("forget old rejections", () => {
        const isOld = sql`received_at < now() - ${days} * interval '1 day'`;
        return removeOld(db, { table: "rejected", isOld, by: "received_at" });
      }),
  };
}

async function remove(
  db: Kysely<Tables>,
  ids: readonly string[],
  why: { action: RejectionEnd; by: string },
): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const removed = await transaction
      .deleteFrom("rejected")
      .where("id", "=", sql<string>`any(${[...ids]}::uuid[])`)
      .returning("id")
      .execute();
    const before = { ids: removed.map(({ id }) => id) };
    if (removed.length > 0)
      await recordChange(transaction, { ...why, target: "rejected", before, after: null });
    return removed.length;
  });
}

async function discardOldest(
  db: Kysely<Tables>,
  { limit, ...group }: RejectionGroup & { limit: number },
  by: string,
): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const oldest = grouped(transaction.selectFrom("rejected"), group).select("id");
    const result = await transaction
      .deleteFrom("rejected")
      .where("id", "in", oldest.orderBy("received_at").orderBy("id").limit(limit))
      .executeTakeFirst();
    const count = Number(result.numDeletedRows);
    const change = {
      action: "rejected.discard",
      target: "rejected",
      before: { ...group, count },
      after: null,
    };
    if (count > 0) await recordChange(transaction, { by, ...change });
    return count;
  });
}

type OfRejected<Selection> = SelectQueryBuilder<Tables, "rejected", Selection>;

function grouped<Selection>(
  select: OfRejected<Selection>,
  { code, deviceId, untilUs }: RejectionGroup,
): OfRejected<Selection> {
  let chosen = select;
  if (code !== undefined) chosen = chosen.where("code", "=", code);
  if (deviceId !== undefined) chosen = chosen.where("device_id", "=", deviceId);
  if (untilUs !== undefined) chosen = chosen.where("received_at", "<=", toInstant(sql`${untilUs}::bigint`));
  return chosen;
}

// A row value, so that the index on received_at gives the page and the id only parts what came in the same microsecond.
const place = sql`(received_at, id)`;

function at({ receivedUs, id }: RejectionPlace) {
  return sql`(${toInstant(sql`${receivedUs}::bigint`)}, ${id}::uuid)`;
}

function whole(select: OfRejected<object>) {
  return select
    .select(["id", "code", "reason", "device_id", "source", "payload", "payload_bytes"])
    .select(micros("received_at").as("received_us"));
}

type KeptRow = Awaited<ReturnType<ReturnType<typeof whole>["execute"]>>[number];

function toRejection(row: KeptRow): Rejection {
  return {
    id: row.id,
    // Only codes of the catalogue are ever written.
    code: row.code as Rejection["code"],
    reason: row.reason,
    deviceId: row.device_id,
    source: row.source,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
    receivedUs: row.received_us,
  };
}

async function summary(db: Kysely<Tables>, group: RejectionGroup) {
  const rows = await grouped(db.selectFrom("rejected"), group)
    .select((eb) => ["code", eb.fn.countAll<number>().as("count")])
    .groupBy("code")
    .orderBy("code")
    .execute();
  // As above.
  return rows.map(({ code, count }) => ({ code: code as Rejection["code"], count }));
}
