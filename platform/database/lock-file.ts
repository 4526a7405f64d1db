import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf, PlatformError } from "../errors.ts";

export interface LockFile {
  /** Names a second holder, which may outlive this process by a moment: its child that works in the same place. */
  share(pid: number): Promise<void>;
  release(): Promise<void>;
}

/** How long a child whose parent died may take to leave. */
const orphanMs = 10_000;
/** How long a lock may be empty: its holder writes its name right after making it. */
const writeMs = 1000;
const turnMs = 5000;

/**
 * Takes a lock file that names this process. A file left by a process that is gone is taken over, once a child it shared the
 * lock with is gone too. A process id given anew to another program is told apart by its start time where the system tells it (Linux).
 * @throws PlatformError DATA_DIR_LOCKED while a holder lives.
 */
export async function takeLockFile(path: string): Promise<LockFile> {
  const own = await describe(process.pid);
  const begun = performance.now();
  for (;;) {
    if (await create(path, own)) return lockFile(path, own);
    const text = await textOf(path);
    const [first, ...others] = holdersIn(text);
    if (first !== undefined && (await isAlive(first))) throw lockedBy(path, first);
    const orphan = (
      await Promise.all(others.map(async (other) => ((await isAlive(other)) ? other : "")))
    ).find(Boolean);
    const waitedMs = performance.now() - begun;
    if (orphan !== undefined && waitedMs > orphanMs) throw lockedBy(path, orphan);
    const isBeingWritten = text === "" && waitedMs < writeMs;
    if (orphan === undefined && !isBeingWritten) await clear(path, text);
    else await pause(50);
  }
}

/**
 * Removes a lock that says `stale`. Whoever looked before another one took the lock must not remove that one's, so looking and
 * removing is done in turns.
 */
async function clear(path: string, stale: string | undefined): Promise<void> {
  if (stale === undefined) return;
  const turn = `${path}.turn`;
  if (await create(turn, "")) {
    if ((await textOf(path)) === stale) await rm(path, { force: true });
    await rm(turn, { force: true });
    return;
  }
  // A turn takes a moment; one that is older was left by a process that died in it.
  const takenMs = await stat(turn).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  if (takenMs < Date.now() - turnMs) await rm(turn, { force: true });
  else await pause(10);
}

function lockFile(path: string, own: string): LockFile {
  return {
    async share(pid) {
      // Renamed into place, so that nobody ever reads half of it.
      await writeFile(`${path}.new`, `${own}\n${await describe(pid)}\n`, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    release: () => rm(path, { force: true }),
  };
}

async function create(path: string, own: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(`${own}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Undefined when there is no such file. */
function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
}

function holdersIn(text: string | undefined): readonly string[] {
  return (text ?? "").split("\n").filter((line) => line !== "");
}

function lockedBy(path: string, holder: string): PlatformError {
  const message = `${path} is held by process ${holder.split(" ")[0]}: stop that one, or set another DATA_DIR`;
  return new PlatformError("DATA_DIR_LOCKED", message, { retryable: false });
}

async function describe(pid: number): Promise<string> {
  return `${pid} ${await startTimeOf(pid)}`.trim();
}

async function isAlive(holder: string): Promise<boolean> {
  const [pidText = "", startedText = ""] = holder.split(" ");
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return startedText === "" || startedText === (await startTimeOf(pid));
}

/** Clock ticks after boot at which a process started, field 22 of proc(5) stat; empty where there is no /proc. */
async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const afterName = stat.slice(stat.lastIndexOf(")") + 2);
  return afterName.split(" ")[19] ?? "";
}
