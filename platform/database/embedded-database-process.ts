import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

/** What the parent asks for, once. */
export interface Order {
  readonly pgdata: string;
  /** Where the socket goes; empty: a temporary folder; null: loopback TCP on a free port. */
  readonly socketFolder: string | null;
}

/** The only answer. */
export type Answer =
  | { readonly kind: "ready"; readonly url: string }
  | { readonly kind: "failed"; readonly reason: string };

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

async function serve({ pgdata, socketFolder }: Order): Promise<Server> {
  const db = await PGlite.create({ dataDir: pgdata });
  const isTemporary = socketFolder === "";
  const folder = isTemporary ? await mkdtemp(join(tmpdir(), "tidemark-")) : socketFolder;
  const path = folder === null ? undefined : join(folder, ".s.PGSQL.5432");
  if (path !== undefined) await rm(path, { force: true });
  const server = new PGLiteSocketServer({
    db,
    // The pool holds one; the second lets its successor in before the broken one is noticed.
    maxConnections: 2,
    ...(path === undefined ? { host: "127.0.0.1", port: 0 } : { path }),
  });
  await server.start();
  const query = "?user=postgres";
  const url =
    folder === null
      ? `postgres://postgres@${server.getServerConn()}/postgres`
      : `postgres:///postgres${query}&host=${encodeURIComponent(folder)}`;
  return {
    url,
    async stop() {
      await server.stop();
      await db.close();
      if (path !== undefined) await rm(path, { force: true });
      if (isTemporary && folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}

function answer(message: Answer): void {
  // Who asked may have ended meanwhile, which "disconnect" says; without the callback that would end this process at once.
  process.send?.(message, undefined, undefined, () => undefined);
}

let server: Promise<Server> | undefined;
process.once("message", (order: Order) => {
  server = serve(order);
  server.then(
    ({ url }) => answer({ kind: "ready", url }),
    (error: unknown) =>
      answer({ kind: "failed", reason: error instanceof Error ? error.message : String(error) }),
  );
});

// The terminal sends Ctrl-C to the whole group; the parent decides when its database goes.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

// The channel closes when the parent says so and when it dies, however it dies.
process.once("disconnect", () => {
  const leave = async (): Promise<void> => {
    const running = await server?.catch(() => undefined);
    await running?.stop();
  };
  leave().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
