import { readdir, readFile } from "node:fs/promises";
import { type Migration, type MigrationResultSet, Migrator, sql } from "kysely";
import { PlatformError } from "../errors.ts";
import { asking, type Database, isOfStatement, outlasting, storeFailure } from "./database.ts";

const folder = new URL("../../schema/migrations/", import.meta.url);
const timescaleSuffix = ".timescale";

/**
 * Brings the tables up to date; several processes may ask at once (Kysely's migrator holds an advisory lock). Steps for
 * TimescaleDB run where it is loaded, also in a database that gains it later.
 * @throws PlatformError STORE_DOWN or STORE_REFUSED naming the step that failed.
 */
export async function migrate(
  { db }: Database,
  options: { hasTimescale: boolean; chunkIntervalHours: number },
): Promise<readonly string[]> {
  const migrations = await readMigrations(options);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // A Timescale step may become due after later steps have run.
    allowUnorderedMigrations: true,
  });
  const { error, results = [] } = await asking("bring the tables up to date", () => outlast(migrator));
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === "Error")?.migrationName ?? "migration";
    const refused = storeFailure(`run ${failed}`, error);
    // A statement at fault stays at fault; a server that went away comes back.
    if (isOfStatement(error)) {
      throw new PlatformError("STORE_REFUSED", refused.message, { cause: error, retryable: false });
    }
    throw refused;
  }
  return results.map(({ migrationName }) => migrationName);
}

/** Processors go on writing meanwhile, and lock tables in an order of their own. */
async function outlast(migrator: Migrator): Promise<MigrationResultSet> {
  let outcome: MigrationResultSet = {};
  const run = async (): Promise<void> => {
    outcome = await migrator.migrateToLatest();
    if (outcome.error !== undefined) throw outcome.error;
  };
  await outlasting(run).catch((error: unknown) => {
    if (outcome.error === undefined) throw error;
  });
  return outcome;
}

async function readMigrations(options: {
  hasTimescale: boolean;
  chunkIntervalHours: number;
}): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const migrations: Record<string, Migration> = {};
  for (const file of files) {
    const name = file.replace(/\.sql$/, "");
    const text = await readFile(new URL(file, folder), "utf8");
    const statements = text.replaceAll(":chunk_interval", `${options.chunkIntervalHours} hours`);
    const isDue = options.hasTimescale || !name.endsWith(timescaleSuffix);
    // A step that is not due is left out of the provider only if it never ran: the migrator refuses to miss one that did.
    if (isDue) migrations[name] = { up: async (db) => void (await sql.raw(statements).execute(db)) };
  }
  return migrations;
}
