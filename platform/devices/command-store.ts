import { type Kysely, sql } from "kysely";
import type { Command, CommandSummary } from "../../schema/command.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange, removeOld } from "../database/sql.ts";
import type { CommandStore } from "./command-ports.ts";

// What a broker may still deliver.
const isOpen = sql<boolean>`commands.delivered_at IS NULL AND commands.cancelled_at IS NULL AND commands.expires_at > now()`;

/** Opens the store of commands. */
export function openCommandStore({ db }: Database): CommandStore {
  return {
    queue: (order, options) =>
      asking(`queue a command for ${order.deviceId}`, () =>
        db.transaction().execute((transaction) => queue(transaction, order, options)),
      ),
    ofDevice: (deviceId, limit) =>
      asking(`read the commands of ${deviceId}`, async () => {
        const rows = await summaries(db)
          .where("device_id", "=", deviceId)
          .orderBy("number", "desc")
          .limit(limit)
          .execute();
        return rows.map(toSummary);
      }),
    find: (ids) => asking(`read ${ids.length} commands`, () => find(db, ids)),
    cancel: (deviceId, id, by) =>
      asking(`cancel the command ${id}`, () =>
        db.transaction().execute((transaction) => cancel(transaction, { deviceId, id, by })),
      ),
    waiting: (deviceIds, limit) =>
      asking("read what is to be delivered", () => waiting(db, deviceIds, limit)),
    take: (ids) => asking(`take ${ids.length} commands for delivery`, () => take(db, ids)),
    delivered: (ids) =>
      asking(`note ${ids.length} deliveries`, async () => {
        await sql`
          UPDATE commands SET delivered_at = now()
          WHERE id = ANY(${[...ids]}::uuid[]) AND delivered_at IS NULL`.execute(db);
      }),
    answered: (deviceId, { commandId, text }) =>
      asking(`keep the answer of ${deviceId}`, async () => {
        const { rows } = await sql`
          UPDATE commands SET answer = coalesce(answer, ${text}), answered_at = coalesce(answered_at, now()),
            delivered_at = coalesce(delivered_at, now())
          WHERE id = ${commandId}::uuid AND device_id = ${deviceId} AND sent_at IS NOT NULL RETURNING id`.execute(
          db,
        );
        return rows.length > 0;
      }),
    waitingSince: (withinMs) =>
      asking("look for waiting commands", async () => {
        const { rows } = await sql<{ device_id: string }>`
          SELECT DISTINCT device_id FROM commands
          WHERE queued_at > now() - ${withinMs} * interval '1 millisecond' AND ${isOpen}`.execute(db);
        return rows.map((row) => row.device_id);
      }),
    hasBroker: () =>
      asking("look for a broker", async () => {
        const { rows } = await sql`SELECT 1 FROM brokers LIMIT 1`.execute(db);
        return rows.length > 0;
      }),
    forgetOlderThan: (days) =>
      asking("forget old commands", () => {
        const isOld = sql`queued_at < now() - ${days} * interval '1 day' AND expires_at < now()`;
        return removeOld(db, { table: "commands", isOld, by: "queued_at" });
      }),
  };
}

async function queue(
  transaction: Kysely<Tables>,
  order: Parameters<CommandStore["queue"]>[0],
  { by, mostWaiting }: Parameters<CommandStore["queue"]>[1],
): Promise<CommandSummary | null> {
  const { deviceId, name, payload, expiresSeconds } = order;
  const waiting = await transaction
    .selectFrom("commands")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("device_id", "=", deviceId)
    .where(isOpen)
    .executeTakeFirst();
  if ((waiting?.count ?? 0) >= mostWaiting) return null;
  const { id } = await transaction
    .insertInto("commands")
    .values({
      device_id: deviceId,
      name,
      payload,
      by,
      expires_at: sql<Date>`now() + ${expiresSeconds} * interval '1 second'`,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  // Not the payload, which may hold what is secret; the table has it, as long as commands are kept.
  const after = { id, name, expiresSeconds };
  await recordChange(transaction, { by, action: "command.queue", target: deviceId, before: null, after });
  return (await find(transaction, [id]))[0] ?? null;
}

async function cancel(
  transaction: Kysely<Tables>,
  { deviceId, id, by }: { deviceId: string; id: string; by: string },
): Promise<{ isCancelled: boolean; command: CommandSummary } | null> {
  const { rows } = await sql`
    UPDATE commands SET cancelled_at = now()
    WHERE id = ${id}::uuid AND device_id = ${deviceId} AND sent_at IS NULL AND ${isOpen} RETURNING id`.execute(
    transaction,
  );
  const [command] = await find(transaction, [id]);
  if (command === undefined || command.deviceId !== deviceId) return null;
  const isCancelled = rows.length > 0;
  const before = { id, name: command.name };
  if (isCancelled)
    await recordChange(transaction, { by, action: "command.cancel", target: deviceId, before, after: null });
  return { isCancelled, command };
}

async function waiting(
  db: Kysely<Tables>,
  deviceIds: readonly string[],
  limit: number,
): Promise<readonly Pick<Command, "id" | "deviceId" | "name">[]> {
  const { rows } = await sql<{ id: string; deviceId: string; name: string }>`
    SELECT id, device_id AS "deviceId", name
    FROM unnest(${[...deviceIds]}::text[]) AS asked(asked_id), LATERAL (
      SELECT * FROM commands WHERE device_id = asked_id AND ${isOpen} ORDER BY number LIMIT ${limit}
    ) AS next ORDER BY number`.execute(db);
  return rows;
}

async function take(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly Command[]> {
  const { rows } = await sql<Command>`
    UPDATE commands SET sent_at = now() WHERE id = ANY(${[...ids]}::uuid[]) AND ${isOpen}
    RETURNING id, device_id AS "deviceId", name, payload, ${micros("expires_at")} AS "expiresUs"`.execute(db);
  return rows;
}

async function find(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly CommandSummary[]> {
  const rows = await summaries(db)
    .where("id", "=", sql<string>`any(${[...ids]}::uuid[])`)
    .orderBy("number")
    .execute();
  return rows.map(toSummary);
}

function summaries(db: Kysely<Tables>) {
  return db
    .selectFrom("commands")
    .select(["id", "device_id", "name", "payload", "by", "answer"])
    .select([
      micros("queued_at").as("queued_us"),
      micros("expires_at").as("expires_us"),
      micros("delivered_at").as("delivered_us"),
      micros("answered_at").as("answered_us"),
      sql<CommandSummary["state"]>`CASE
        WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN answered_at IS NOT NULL THEN 'answered'
        WHEN delivered_at IS NOT NULL THEN 'delivered' WHEN expires_at <= now() THEN 'expired'
        ELSE 'queued' END`.as("state"),
    ]);
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>["execute"]>>[number];

function toSummary(row: SummaryRow): CommandSummary {
  return {
    id: row.id,
    deviceId: row.device_id,
    name: row.name,
    // JSON when it was taken in.
    payload: JSON.parse(row.payload),
    by: row.by,
    state: row.state,
    queuedUs: row.queued_us,
    expiresUs: row.expires_us,
    deliveredUs: row.delivered_us,
    answeredUs: row.answered_us,
    answer: row.answer === null ? null : JSON.parse(row.answer),
  };
}
