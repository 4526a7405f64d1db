import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Embed } from "../../schema/embed.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { inMs, micros, recordChange } from "../database/sql.ts";
import type { EmbedStore, NewEmbed } from "./embed-ports.ts";

/** A chart asks every few seconds; its last use is written down no more often than this. */
const noteEveryMs = 30_000;
const dayMs = 86_400_000;
const isGood = sql<boolean>`(expires_at IS NULL OR expires_at > now())`;

/** Opens the store of embedded charts. */
export function openEmbedStore({ db }: Database): EmbedStore {
  return {
    list: (deviceId) =>
      asking("list the embedded charts", async () => {
        const all = select(db).orderBy("device_id").orderBy("created_at");
        const rows = await (deviceId === undefined ? all : all.where("device_id", "=", deviceId)).execute();
        return rows.map(toEmbed);
      }),
    add: (embed, by) =>
      asking("add an embedded chart", () =>
        db.transaction().execute((transaction) => add(transaction, embed, by)),
      ),
    find: (hash) => asking("find an embedded chart", () => find(db, hash)),
    living: (hashes) =>
      asking("look after embedded charts", async () => {
        const rows = await db
          .selectFrom("embeds")
          .select("hash")
          .where("hash", "=", sql<string>`any(${[...hashes]}::text[])`)
          .where(isGood)
          .execute();
        return new Set(rows.map(({ hash }) => hash));
      }),
    revoke: (id, by) =>
      asking("revoke an embedded chart", () =>
        db.transaction().execute((transaction) => revoke(transaction, id, by)),
      ),
  };
}

async function find(db: Kysely<Tables>, hash: string): Promise<Pick<Embed, "deviceId" | "label"> | null> {
  const row = await db
    .selectFrom("embeds")
    .select(["device_id", "label"])
    .select(sql<boolean>`coalesce(last_used < ${inMs(-noteEveryMs)}, true)`.as("is_due"))
    .where("hash", "=", hash)
    .where(isGood)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (row.is_due)
    await db
      .updateTable("embeds")
      .set({ last_used: inMs(0) })
      .where("hash", "=", hash)
      .execute();
  return { deviceId: row.device_id, label: row.label };
}

async function add(
  transaction: Kysely<Tables>,
  { deviceId, label, days, hash }: NewEmbed,
  by: string,
): Promise<Embed> {
  const id = randomUUID();
  await transaction
    .insertInto("embeds")
    .values({
      ...{ id, device_id: deviceId, label, hash, created_by: by, last_used: null },
      expires_at: days === null ? null : inMs(days * dayMs),
    })
    .execute();
  const embed = toEmbed(await select(transaction).where("id", "=", id).executeTakeFirstOrThrow());
  const change = { action: "embed.add", target: deviceId, before: null, after: scopeOf(embed) };
  await recordChange(transaction, { by, ...change });
  return embed;
}

async function revoke(transaction: Kysely<Tables>, id: string, by: string): Promise<boolean> {
  const row = await select(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return false;
  await transaction.deleteFrom("embeds").where("id", "=", id).execute();
  const embed = toEmbed(row);
  const change = { action: "embed.revoke", target: embed.deviceId, before: scopeOf(embed), after: null };
  await recordChange(transaction, { by, ...change });
  return true;
}

function scopeOf({ id, label, expiresUs }: Embed) {
  return { id, label, expiresUs };
}

function select(db: Kysely<Tables>) {
  return db
    .selectFrom("embeds")
    .select(["id", "device_id", "label", "created_by"])
    .select([
      micros("created_at").as("created_us"),
      // `micros` does not know which columns can be null.
      micros("expires_at").$castTo<number | null>().as("expires_us"),
      micros("last_used").$castTo<number | null>().as("last_used_us"),
    ]);
}

type Found = Awaited<ReturnType<ReturnType<typeof select>["execute"]>>[number];

function toEmbed(row: Found): Embed {
  return {
    id: row.id,
    deviceId: row.device_id,
    label: row.label,
    createdBy: row.created_by,
    createdUs: row.created_us,
    expiresUs: row.expires_us,
    lastUsedUs: row.last_used_us,
  };
}
