import { open, readFile, rm } from "node:fs/promises";
import { codeOf, PlatformError } from "./errors.ts";

export interface LockFile {
  release(): Promise<void>;
}

/**
 * Takes a lock file that names this process. A file left by a process that is gone is taken over; a process id given anew to
 * another program is told apart by its start time where the system tells it (Linux).
 * @throws PlatformError DATA_DIR_LOCKED while its holder lives.
 */
export async function takeLockFile(path: string): Promise<LockFile> {
  const own = `${process.pid} ${await startTimeOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(own);
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cause;
    }
    const holder = await readFile(path, "utf8").catch(() => "");
    if (await isAlive(holder)) {
      const message = `${path} is held by process ${holder.split(" ")[0]}: stop that one, or set another DATA_DIR`;
      throw new PlatformError("DATA_DIR_LOCKED", message, { retryable: false });
    }
    await rm(path, { force: true });
  }
  throw new PlatformError("DATA_DIR_LOCKED", `${path} is contended: another process starts here too`, {
    retryable: true,
  });
}

async function isAlive(holder: string): Promise<boolean> {
  const [pidText = "", startedText = ""] = holder.trim().split(" ");
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
