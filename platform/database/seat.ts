import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import type { Census, Seat } from "../ports.ts";
import { lockSpace } from "../readings/shard-writer.ts";
import { asking, type Database } from "./database.ts";
import { hold } from "./held-connection.ts";

/** Key of the advisory lock that every processor shares, "seat" in ASCII. */
const seatSpace = 0x73656174;

interface LockRow {
  space: number;
  shard: number;
}

/**
 * Ends sessions that own a shard and broke off in the middle of a statement: while a server waits for the rest of one, its
 * timeout for idle sessions does not run.
 */
async function endBrokenOff(db: Kysely<Tables>): Promise<void> {
  await sql`
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid = ${lockSpace} AND datname = current_database()
      AND wait_event = 'ClientRead' AND state <> 'idle' AND greatest(query_start, state_change) < now() - interval '10 seconds'
  `.execute(db);
}

/** Takes a seat among the processors of this database: a shared advisory lock that lasts as long as the session. */
export async function takeSeat(database: Database): Promise<Seat> {
  if (database.isSole) {
    const alone = { processors: 1, taken: new Set<number>() };
    return { census: () => Promise.resolve(alone), leave: () => Promise.resolve() };
  }
  const held = await hold(database, "a seat among the processors");
  const leave = async (): Promise<void> => {
    await sql`SELECT pg_advisory_unlock_shared(${seatSpace}, 0)`.execute(held.db).catch(() => undefined);
    await held.release();
  };
  try {
    await asking("take a seat among the processors", () =>
      sql`SELECT pg_advisory_lock_shared(${seatSpace}, 0)`.execute(held.db),
    );
  } catch (error) {
    await leave();
    throw error;
  }
  return {
    leave,
    census: async () => {
      await asking("end sessions that broke off", () => endBrokenOff(held.db));
      return census(held.db);
    },
  };
}

function census(db: Kysely<Tables>): Promise<Census> {
  return asking("count the processors", async () => {
    const { rows } = await sql<LockRow>`
      SELECT classid::bigint AS space, objid::bigint AS shard FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND classid IN (${lockSpace}, ${seatSpace})
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(db);
    const shards = rows.filter(({ space }) => space === lockSpace).map(({ shard }) => shard);
    return { processors: rows.length - shards.length, taken: new Set(shards) };
  });
}

/** As `Seat.census`, for whoever only looks; null where there is one process, which writes everything. */
export function lookAtSeats({ db, isSole }: Database): Promise<Census | null> {
  return isSole ? Promise.resolve(null) : census(db);
}
