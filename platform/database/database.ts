import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from "kysely";
import pg from "pg";
import type { Tables } from "../../schema/row.ts";
import { withoutPassword } from "../config.ts";
import { codeOf, messageOf, PlatformError } from "../errors.ts";
import type { Log } from "../telemetry.ts";
import { type AnswerWatch, type ServerClient, watchAnswers } from "./answer-watch.ts";
import { askApart } from "./ask-apart.ts";

/** An open database: PostgreSQL, TimescaleDB, or PGlite behind its socket. */
export interface Database {
  readonly db: Kysely<Tables>;
  /**
   * True for PGlite: one connection is all there is, so whoever holds it must never ask for another, and session locks
   * tell nobody apart. The lock file of its data directory is the ownership there.
   */
  readonly isSole: boolean;
  /** Ends the connection of a server process from this side, so that whatever waits for its answer fails now. */
  cut(serverPid: number): void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly log: Log;
  readonly isSole: boolean;
  /** Opens it although it may not answer yet. */
  readonly isPatient?: boolean;
  /** Most connections. Ignored when `isSole`. */
  readonly connections: number;
  /** After so long without an answer it is looked whether anybody is at work on it: 30 s unless told otherwise. Ignored when `isSole`. */
  readonly patienceMs?: number;
}

/** How many connections a process opens at most: one a shard for writing, and a few for questions. */
export function mostConnections({ SHARDS: shards }: { readonly SHARDS: number }): number {
  return shards + 8;
}

/** int8 comes as a number: all of ours are microseconds or counts below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
};

/**
 * Whatever the database is set to: pg reads moments in this form only. Not among the options of the connection, for those that DATABASE_URL
 * names stand instead of ours, and a pooler may leave them out.
 */
const plainTimes = "SET datestyle TO ISO; SET timezone TO UTC";

/**
 * Opens a pool and, unless told to be patient, proves that the database answers.
 * @throws PlatformError STORE_DOWN when it does not.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, log, isSole, connections, patienceMs = 30_000 } = options;
  const watch = watchAnswers({ url, log, patienceMs });
  const pool = new pg.Pool({
    connectionString: url,
    max: isSole ? 1 : connections,
    types,
    application_name: "tidemark",
    // With one connection a question waits its turn behind a batch; with many, waiting means the server is away.
    connectionTimeoutMillis: isSole ? 60_000 : 5000,
    idleTimeoutMillis: isSole ? 0 : 30_000,
    // PGlite has one session for whoever connects, and in it is still prepared what the connection before had prepared.
    onConnect: async (client) => {
      if (isSole) return void (await client.query(`${plainTimes}; DEALLOCATE ALL`));
      await client.query(plainTimes);
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      watch.begin(client, rows[0]?.pid);
    },
    ...(isSole
      ? {}
      : // Whoever stops in the middle of a transaction must not hold up those who wait for its rows.
        {
          idle_in_transaction_session_timeout: 10_000,
          // Over many chunks a statement looks dear enough to be compiled, which takes 20 times as long as to run it.
          options: "-c jit=off",
        }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  const clients = new Set<ServerClient>();
  pool.on("connect", (client: ServerClient) => {
    clients.add(client);
    // Without a listener a connection that breaks while it is checked out would end the process; its query rejects anyway.
    client.on("error", (error) => log.debug({ reason: error.message }, "connection lost"));
  });
  pool.on("remove", (client) => clients.delete(client));
  const cut = (serverPid: number): void => {
    for (const client of clients) if (client.processID === serverPid) client.connection?.stream.destroy();
  };
  pool.on("error", (error) => log.warn({ reason: error.message }, "idle database connection lost"));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool, watch) }) });
  try {
    if (options.isPatient !== true) await pool.query("SELECT 1");
  } catch (cause) {
    await db.destroy();
    watch.stop();
    const message = `cannot reach the database at ${withoutPassword(url)} (DATABASE_URL): ${messageOf(cause)}`;
    throw new PlatformError("STORE_DOWN", message, { cause, retryable: true });
  }
  return { db, isSole, cut, close: () => db.destroy().finally(watch.stop) };
}

const frequentMark = "/* frequent */";

/**
 * At the head of a statement that is sent often and always with the same text: each connection parses and plans it once. To plan the
 * statement of a batch takes 2 ms, as long as a hundred and fifty rows take to store.
 */
export const frequent = sql.raw(frequentMark);

/** Kysely sends statements without a name, and PostgreSQL keeps only named ones. */
function preparing(pool: pg.Pool, watch: AnswerWatch): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `frequent ${names.size + 1}`;
    names.set(text, name);
    return name;
  };
  return {
    connect: async () => {
      const client = await pool.connect();
      const query = (text: string, values: unknown[]) => {
        const name = text.includes(frequentMark) ? nameOf(text) : undefined;
        return watch.over(client, client.query({ text, values, ...(name === undefined ? {} : { name }) }));
      };
      // True but for the overload with a cursor, which Kysely uses only when it is given a package for it.
      return { query: query as unknown as PostgresPoolClient["query"], release: () => client.release() };
    },
    end: () => pool.end(),
  };
}

/**
 * Whether this database can be, or is, a TimescaleDB. Asked on a connection of its own: CREATE EXTENSION ends the connection it
 * runs on when the library is not preloaded, so the library is looked for first.
 * @throws PlatformError STORE_DOWN.
 */
export function hasTimescale(url: string): Promise<boolean> {
  return asking("look for TimescaleDB", async () => {
    const rows = await askApart(
      { connectionString: url },
      `SELECT 1 FROM pg_available_extensions, pg_settings
       WHERE pg_available_extensions.name = 'timescaledb' AND pg_settings.name = 'shared_preload_libraries'
         AND pg_settings.setting LIKE '%timescaledb%'`,
    );
    return rows.length > 0;
  });
}

/** The SQLSTATE of what a server answered (five characters); empty for what a connection failed with, such as EPIPE. */
function sqlStateOf(cause: unknown): string {
  const code = codeOf(cause) ?? "";
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : "";
}

/** SQLSTATE classes of data that no retry will make acceptable: 22 data exception, 23 integrity violation. */
const refusals = /^(22|23)/;

/**
 * Whether the server answered and found fault with the statement itself: an SQLSTATE outside of the classes 08 connection, 53 resources,
 * 57 operator intervention, 58 system error.
 */
export function isOfStatement(cause: unknown): boolean {
  return /^(?!08|53|57|58)./.test(sqlStateOf(cause));
}

/** Whether the server itself answered that it did nothing. Without an answer a commit may have happened. */
export function isAnswer(cause: unknown): boolean {
  return /^(?!08|57P)./.test(sqlStateOf(cause));
}

/** What a failed statement means to the caller: worth another try, or never. */
export function storeFailure(what: string, cause: unknown): PlatformError {
  const message = `cannot ${what}: ${messageOf(cause)}`;
  return refusals.test(sqlStateOf(cause))
    ? new PlatformError("STORE_REFUSED", message, { cause, retryable: false })
    : new PlatformError("STORE_DOWN", message, { cause, retryable: true });
}

/** Runs a query; whatever it throws becomes a PlatformError that says what could not be done. */
export async function asking<T>(what: string, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    throw storeFailure(what, cause);
  }
}

/** SQLSTATE deadlock_detected: all of the transaction is undone, and the one that it stood in the way of is going on. */
const deadlock = "40P01";
const mostDeadlocks = 3;

/** Runs a transaction, and again when it was the one that PostgreSQL undid to end a deadlock. */
export async function outlasting<T>(transaction: () => Promise<T>): Promise<T> {
  for (let deadlocks = 1; ; deadlocks += 1) {
    try {
      return await transaction();
    } catch (cause) {
      if (sqlStateOf(cause) !== deadlock || deadlocks === mostDeadlocks) throw cause;
    }
  }
}
