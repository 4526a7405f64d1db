import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database, storeFailure } from "./database.ts";

/** A connection kept out of the pool, whose session ends when its process says nothing any more. */
export interface HeldConnection {
  readonly db: Kysely<Tables>;
  /** Aborted when the session is over, whoever ended it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * A process that hangs or is stopped keeps its sockets, and with them its locks. So the server ends a session that is silent for
 * so long, by its own clock, and the process speaks up often enough while it lives.
 */
export const silenceSeconds = 10;
const heartbeatMs = 3000;
// An answer waits behind the statement in hand, which a slow disk can make a long one. What has none by then never will.
const answerMs = 60_000;
const timeouts = ["idle_session_timeout", "idle_in_transaction_session_timeout"] as const;

/**
 * Takes a connection for as long as something is owned through it.
 * @throws PlatformError STORE_DOWN
 */
export async function hold({ db, cut }: Database, purpose: string): Promise<HeldConnection> {
  const { connection, giveBack } = await asking(`connect for ${purpose}`, () => checkOut(db));
  const lost = new AbortController();
  let stopHeart = (): void => undefined;
  const release = async (): Promise<void> => {
    stopHeart();
    for (const timeout of timeouts) {
      // A session that is over has no settings to reset.
      await sql`RESET ${sql.raw(timeout)}`.execute(connection).catch(() => undefined);
    }
    giveBack();
  };
  try {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(connection);
    for (const timeout of timeouts) {
      await sql.raw(`SET ${timeout} = '${silenceSeconds}s'`).execute(connection);
    }
    const onSilence = (): void => cut(rows[0]?.pid ?? Number.NaN);
    stopHeart = beat(connection, { onSilence, onEnd: (cause) => lost.abort(cause) });
  } catch (cause) {
    await release();
    throw storeFailure(`keep a connection for ${purpose}`, cause);
  }
  return { db: connection, lost: lost.signal, release };
}

/** Speaks up on a connection again and again; answers with how to stop. */
export function beat(
  connection: Kysely<Tables>,
  { onSilence, onEnd }: { onSilence: () => void; onEnd: (cause: unknown) => void },
): () => void {
  let askedMs = 0;
  const timer = setInterval(() => {
    if (askedMs > 0) {
      if (performance.now() - askedMs > answerMs) onSilence();
      return;
    }
    askedMs = performance.now();
    // It also makes the plans anew that are kept for frequent statements, for tables grow.
    sql`DISCARD PLANS`.execute(connection).then(() => {
      askedMs = 0;
    }, onEnd);
  }, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function checkOut(db: Kysely<Tables>): Promise<{ connection: Kysely<Tables>; giveBack: () => void }> {
  let giveBack = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    giveBack = resolve;
  });
  const connection = await new Promise<Kysely<Tables>>((resolve, reject) => {
    db.connection()
      .execute(async (held) => {
        resolve(held);
        await released;
      })
      .catch(reject);
  });
  return { connection, giveBack };
}
