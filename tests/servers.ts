import type { ProvidedContext } from "vitest";
import { makeEmptyDatabase } from "./data-folder.ts";
import { type LocalServers, startLocalServers } from "./harness/local-servers.ts";

interface GlobalSetup {
  readonly provide: (key: keyof ProvidedContext, value: string) => void;
}

declare module "vitest" {
  export interface ProvidedContext {
    /** An empty Redis of this test run. */
    redisUrl: string;
    /** A PostgreSQL of this test run, as its superuser: make a database of your own in it. */
    postgresUrl: string;
    /** What TEST_DATABASE_URL names, to run the same suites on; empty without. */
    otherDatabaseUrl: string;
    /** The folder of an embedded database without tables, for `dataFolder` to copy. */
    emptyDatabase: string;
  }
}

// Every vitest project sets up on its own, in one process: they share the servers, and the last one to go stops them.
const shared = Symbol.for("tidemark.test-servers");
interface Shared {
  readonly servers: Promise<LocalServers>;
  readonly emptyDatabase: ReturnType<typeof makeEmptyDatabase>;
  users: number;
}
// A place on globalThis is untyped by nature; only this file writes to it.
const place = globalThis as unknown as Record<symbol, Shared | undefined>;

export default async function setup({ provide }: GlobalSetup): Promise<() => Promise<void>> {
  const mine = place[shared] ?? {
    servers: startLocalServers(),
    emptyDatabase: makeEmptyDatabase(),
    users: 0,
  };
  place[shared] = mine;
  mine.users += 1;
  const [servers, emptyDatabase] = await Promise.all([mine.servers, mine.emptyDatabase]);
  provide("redisUrl", servers.redisUrl);
  provide("postgresUrl", servers.postgresUrl);
  provide("otherDatabaseUrl", process.env["TEST_DATABASE_URL"] ?? "");
  provide("emptyDatabase", emptyDatabase.folder);
  return async () => {
    mine.users -= 1;
    if (mine.users > 0) return;
    place[shared] = undefined;
    emptyDatabase.remove();
    await servers.stop();
  };
}
