import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { startEmbeddedDatabase } from "../platform/database/embedded-database.ts";
import { openLog } from "../platform/telemetry.ts";
import { temporaryFolder } from "./harness/local-servers.ts";

/** The folder of an embedded database that was started once and has no tables, with what removes it. */
export async function makeEmptyDatabase(): Promise<{ folder: string; remove(): void }> {
  const folder = temporaryFolder("empty-database");
  const log = openLog({ level: "silent", format: "json" });
  const database = await startEmbeddedDatabase(folder, { log, onLost: () => undefined });
  await database.stop();
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A new DATA_DIR whose database is made already, which spares the seconds that take. */
export function dataFolder(name: string): string {
  const folder = temporaryFolder(name);
  const database = "postgres";
  cpSync(join(inject("emptyDatabase"), database), join(folder, database), { recursive: true });
  return folder;
}
