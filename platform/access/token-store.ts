import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { ApiToken } from "../../schema/operator.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { inMs, micros, recordChange, roleOf } from "../database/sql.ts";
import type { NewToken, TokenStore } from "./operator-ports.ts";

/** As for sessions. */
const noteEveryMs = 30_000;
const dayMs = 86_400_000;

/** Opens the store of tokens. */
export function openTokenStore({ db }: Database): TokenStore {
  return {
    list: () =>
      asking("list the tokens", async () => (await select(db).orderBy("name").execute()).map(toToken)),
    add: (token, by) =>
      asking("add a token", () => db.transaction().execute((transaction) => add(transaction, token, by))),
    find: (hash) =>
      asking("find a token", async () => {
        const row = await select(db)
          .select(sql<boolean>`coalesce(last_used < ${inMs(-noteEveryMs)}, true)`.as("is_due"))
          .where("hash", "=", hash)
          .where("expires_at", ">", inMs(0))
          .executeTakeFirst();
        if (row === undefined) return null;
        if (row.is_due)
          await db
            .updateTable("api_tokens")
            .set({ last_used: inMs(0) })
            .where("hash", "=", hash)
            .execute();
        return toToken(row);
      }),
    living: (hashes) =>
      asking("look after tokens", async () => {
        const rows = await db
          .selectFrom("api_tokens")
          .select("hash")
          .where("hash", "=", sql<string>`any(${[...hashes]}::text[])`)
          .where("expires_at", ">", inMs(0))
          .execute();
        return new Set(rows.map(({ hash }) => hash));
      }),
    revoke: (id, by) =>
      asking("revoke a token", () =>
        db.transaction().execute(async (transaction) => {
          const [row] = await select(transaction).where("id", "=", id).forUpdate().execute();
          if (row === undefined) return false;
          await transaction.deleteFrom("api_tokens").where("id", "=", id).execute();
          const change = {
            action: "token.revoke",
            target: row.name,
            before: scopeOf(toToken(row)),
            after: null,
          };
          await recordChange(transaction, { by, ...change });
          return true;
        }),
      ),
  };
}

async function add(
  transaction: Kysely<Tables>,
  { name, hash, role, isReadOnly, paths, days }: NewToken,
  by: string,
): Promise<ApiToken | null> {
  const id = randomUUID();
  const added = await transaction
    .insertInto("api_tokens")
    .values({
      id,
      name,
      hash,
      role,
      read_only: isReadOnly,
      paths: paths === null ? null : [...paths],
      created_by: by,
      expires_at: inMs(days * dayMs),
      last_used: null,
    })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning("id")
    .execute();
  if (added.length === 0) return null;
  const token = toToken(await select(transaction).where("id", "=", id).executeTakeFirstOrThrow());
  const change = { action: "token.add", target: name, before: null, after: scopeOf(token) };
  await recordChange(transaction, { by, ...change });
  return token;
}

function scopeOf({ role, isReadOnly, paths, expiresUs }: ApiToken) {
  return { role, isReadOnly, paths, expiresUs };
}

function select(db: Kysely<Tables>) {
  return db
    .selectFrom("api_tokens")
    .select(["id", "name", "role", "read_only", "paths", "created_by"])
    .select([
      micros("created_at").as("created_us"),
      micros("expires_at").as("expires_us"),
      micros("last_used").as("last_used_us"),
    ]);
}

type Found = NonNullable<Awaited<ReturnType<ReturnType<typeof select>["executeTakeFirst"]>>>;

function toToken(row: Found): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: roleOf(row.role),
    isReadOnly: row.read_only,
    paths: row.paths,
    createdBy: row.created_by,
    createdUs: row.created_us,
    expiresUs: row.expires_us,
    // `micros` does not know which columns can be null.
    lastUsedUs: (row.last_used_us as number | null) ?? null,
  };
}
