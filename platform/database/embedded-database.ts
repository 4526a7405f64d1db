import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { PlatformError } from "../errors.ts";
import type { Log } from "../telemetry.ts";
import type { Answer, Order } from "./embedded-database-process.ts";
import { type LockFile, takeLockFile } from "./lock-file.ts";

// The name that `pg` looks for in the folder it is given as host.
const socketName = ".s.PGSQL.5432";

// Node runs JavaScript only, so under vitest, where this file is TypeScript, the child is the built one.
const processFile = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../dist/platform/database/embedded-database-process.js"
    : "./embedded-database-process.js",
  import.meta.url,
);

/** A PostgreSQL of our own (PGlite, WebAssembly) behind a socket. */
export interface EmbeddedDatabase {
  /** For `pg`, as for any PostgreSQL. One connection at a time. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts PGlite in a child process on a Unix socket (loopback TCP on Windows), so that neither a batch blocks our event loop nor
 * a query knows the difference from a server. The data directory is locked for this process: opened twice, it loses rows.
 * `onLost` hears when it ends without having been stopped.
 * @throws PlatformError DATA_DIR_LOCKED or EMBEDDED_DATABASE_FAILED.
 */
export async function startEmbeddedDatabase(
  dataDir: string,
  { log, onLost }: { log: Log; onLost: (part: string) => void },
): Promise<EmbeddedDatabase> {
  const folder = resolve(dataDir);
  const lock = await prepareFolder(folder);
  const child = fork(processFile, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // Not ours to pass on: a debugger's port or a preloaded module of the parent.
    execArgv: [],
  });
  let isStopping = false;
  try {
    if (child.pid !== undefined) await lock.share(child.pid);
    const url = await firstAnswer(child, {
      pgdata: join(folder, "postgres"),
      socketFolder: socketFolder(folder),
    });
    child.on("exit", (code, signal) => {
      if (isStopping) return;
      log.fatal({ code, signal }, "embedded database ended");
      onLost("embedded database");
    });
    return {
      url,
      stop: async () => {
        isStopping = true;
        await stopChild(child);
        await lock.release();
      },
    };
  } catch (error) {
    isStopping = true;
    await stopChild(child);
    await lock.release();
    throw error;
  }
}

async function prepareFolder(folder: string): Promise<LockFile> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = await takeLockFile(join(folder, "tidemark.lock"));
    if (!(await answersAt(join(folder, socketName)))) return lock;
    // Containers that share a volume do not see each other's processes, but they do see each other's sockets.
    await lock.release();
    const message = `${folder} is used by a database in another container: give this one another DATA_DIR`;
    throw new PlatformError("DATA_DIR_LOCKED", message, { retryable: false });
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause;
    throw failed(`cannot use the data directory ${folder} (DATA_DIR)`, cause);
  }
}

function answersAt(path: string): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolveAnswer(true);
    });
    socket.once("error", () => resolveAnswer(false));
  });
}

/** A Unix socket's path may have 107 bytes; a deep data directory falls back to the system's temporary folder in the child. */
function socketFolder(folder: string): string | null {
  if (process.platform === "win32") return null;
  return Buffer.byteLength(join(folder, socketName)) <= 100 ? folder : "";
}

function firstAnswer(child: ChildProcess, order: Order): Promise<string> {
  return new Promise((resolveUrl, reject) => {
    child.once("message", (answer: Answer) => {
      if (answer.kind === "ready") resolveUrl(answer.url);
      else reject(failed(`the embedded database did not start in ${order.pgdata}`, answer.reason));
    });
    child.once("exit", (code) => reject(failed("the embedded database ended at start", `exit code ${code}`)));
    child.once("error", (cause) => reject(failed("the embedded database could not be started", cause)));
    child.send(order);
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  // Closing the channel is the order to leave: the same thing happens when this process dies.
  if (child.connected) child.disconnect();
  await exited;
}

function failed(what: string, cause: unknown): PlatformError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PlatformError("EMBEDDED_DATABASE_FAILED", `${what}: ${reason}`, { cause, retryable: false });
}
