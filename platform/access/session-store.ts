import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { inMs, roleOf } from "../database/sql.ts";
import type { SessionStore } from "./operator-ports.ts";

export interface SessionSpans {
  /** A session that is not used for so long has ended. */
  readonly idleMs: number;
  /** So long after the login it has ended, however it was used. */
  readonly longestMs: number;
}

/** Use is noted this often at most, so that a page full of questions is not a page full of writes. */
const noteEveryMs = 30_000;

/** Opens the store of sessions. Everything is judged by the clock of the database, which all processes share. */
export function openSessionStore({ db }: Database, { idleMs, longestMs }: SessionSpans): SessionStore {
  const live = (connection: Kysely<Tables>) =>
    connection
      .selectFrom("sessions")
      .innerJoin("operators", "operators.name", "sessions.operator")
      .where("operators.disabled", "=", false)
      .where("sessions.expires_at", ">", inMs(0))
      .where("sessions.seen_at", ">", inMs(-idleMs));
  return {
    begin: (hash, { name, passwordHash }) =>
      asking("begin a session", () =>
        db.transaction().execute(async (transaction) => {
          // Locks the operator: whoever sets another password meanwhile ends this session, or keeps it from beginning.
          const met = await transaction
            .updateTable("operators")
            .set({ last_login: inMs(0) })
            .where("name", "=", name)
            .where("password", "=", passwordHash)
            .where("disabled", "=", false)
            .executeTakeFirst();
          if (met.numUpdatedRows === 0n) return false;
          const session = { hash, operator: name, expires_at: inMs(longestMs) };
          await transaction.insertInto("sessions").values(session).execute();
          return true;
        }),
      ),
    find: (hash) =>
      asking("find a session", async () => {
        const row = await live(db)
          .select(["operators.name", "operators.role"])
          .select(sql<boolean>`seen_at < ${inMs(-noteEveryMs)}`.as("is_due"))
          .where("sessions.hash", "=", hash)
          .executeTakeFirst();
        if (row === undefined) return null;
        if (row.is_due)
          await db
            .updateTable("sessions")
            .set({ seen_at: inMs(0) })
            .where("hash", "=", hash)
            .execute();
        return { name: row.name, role: roleOf(row.role) };
      }),
    living: (hashes) =>
      asking("look after sessions", async () => {
        const rows = await live(db)
          .select("sessions.hash")
          .where("sessions.hash", "=", sql<string>`any(${[...hashes]}::text[])`)
          .execute();
        return new Set(rows.map(({ hash }) => hash));
      }),
    end: (hash) =>
      asking("end a session", async () => {
        await db.deleteFrom("sessions").where("hash", "=", hash).execute();
      }),
    forgetEnded: () =>
      asking("forget ended sessions", async () => {
        const result = await db
          .deleteFrom("sessions")
          .where((or) => or.or([or("expires_at", "<", inMs(0)), or("seen_at", "<", inMs(-idleMs))]))
          .executeTakeFirst();
        return Number(result.numDeletedRows);
      }),
  };
}
