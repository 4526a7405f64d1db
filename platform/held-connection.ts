import { type Kysely, sql } from "kysely";
import type { Tables } from "../schema/row.ts";
import { asking, storeFailure } from "./database.ts";

/** A connection kept out of the pool, whose session ends when its process says nothing any more. */
export interface HeldConnection {
  readonly db: Kysely<Tables>;
  /** Aborted when the session is over, whoever ended it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

// A process that hangs or is stopped keeps its sockets, and with them its locks. So the server ends a session that is silent for
// so long, by its own clock, and the process speaks up often enough while it lives.
const silenceSeconds = 10;
const heartbeatMs = 3000;
const timeouts = ["idle_session_timeout", "idle_in_transaction_session_timeout"] as const;

/**
 * Takes a connection for as long as something is owned through it.
 * @throws PlatformError STORE_DOWN
 */
export async function hold(db: Kysely<Tables>, purpose: string): Promise<HeldConnection> {
  const { connection, giveBack } = await asking(`connect for ${purpose}`, () => checkOut(db));
  const lost = new AbortController();
  const heartbeat = setInterval(() => {
    sql`SELECT 1`.execute(connection).catch((error: unknown) => lost.abort(error));
  }, heartbeatMs);
  heartbeat.unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    // A session that is over has no settings to reset.
    for (const timeout of timeouts)
      await sql
        .raw(`RESET ${timeout}`)
        .execute(connection)
        .catch(() => undefined);
    giveBack();
  };
  try {
    for (const timeout of timeouts)
      await sql.raw(`SET ${timeout} = '${silenceSeconds}s'`).execute(connection);
  } catch (cause) {
    await release();
    throw storeFailure(`keep a connection for ${purpose}`, cause);
  }
  return { db: connection, lost: lost.signal, release };
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
