import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { silenceSeconds } from "../database/held-connection.ts";
import { forgetChunks, refreshAggregates } from "./aggregates-sql.ts";
import type { RollupStore } from "./ports.ts";
import { forgetRows } from "./retention-sql.ts";
import { beginState, isContinuous } from "./state-sql.ts";
import { type Announced, announce, isSettled, rollUpLate, rollUpUntil } from "./tables-sql.ts";

/** Of the advisory lock of whoever rolls up, "roll" in ASCII. */
const rollupLock = 0x726f6c6c;

/** Opens what keeps the levels of the history: TimescaleDB does the work where it is there, and the same is done by hand elsewhere. */
export function openRollupStore(database: Database): RollupStore {
  let announced: Announced | undefined;
  return {
    rollUp: () =>
      asking("roll the history up", async () => {
        await alone(database, async (db) => {
          if (await isContinuous(db)) return refreshAggregates(db);
          if (announced !== undefined && (await isSettled(db, announced))) {
            await rollUpUntil(db, announced.untilUs);
            announced = undefined;
          }
          await rollUpLate(db);
          announced ??= await announce(db);
        });
      }),
    forget: (retention) =>
      asking("remove old history", () =>
        alone(database, async (db) => {
          if (await isContinuous(db)) return forgetChunks(db, retention);
          await rollUpLate(db);
          await forgetRows(db, retention);
        }),
      ),
  };
}

/**
 * Does the work on a connection that holds the lock, or not at all (false). Between two statements there is no pause: the session of a
 * process that stands still is ended by the server, and the lock with it. The embedded database belongs to one process anyway.
 */
async function alone(
  { db, isSole }: Database,
  work: (db: Kysely<Tables>) => Promise<void>,
): Promise<boolean> {
  if (isSole) {
    await beginState(db);
    await work(db);
    return true;
  }
  return await db.connection().execute(async (connection) => {
    await sql.raw(`SET idle_session_timeout = '${silenceSeconds}s'`).execute(connection);
    try {
      return await withLock(connection, work);
    } finally {
      // A session that is over has no lock and no settings.
      await sql`RESET idle_session_timeout`.execute(connection).catch(() => undefined);
    }
  });
}

async function withLock(
  connection: Kysely<Tables>,
  work: (db: Kysely<Tables>) => Promise<void>,
): Promise<boolean> {
  const { rows } = await sql<{ isMine: boolean }>`
      SELECT pg_try_advisory_lock(${rollupLock}) AS "isMine"`.execute(connection);
  if (rows[0]?.isMine !== true) return false;
  try {
    await beginState(connection);
    await work(connection);
    return true;
  } finally {
    await sql`SELECT pg_advisory_unlock(${rollupLock})`.execute(connection).catch(() => undefined);
  }
}
