import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLockFile } from "./lock-file.ts";

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-lock-"));
  path = join(folder, "tidemark.lock");
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that lives until it is ended. */
async function live(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  children.push(child);
  const { pid } = child;
  if (pid === undefined) throw new Error("not spawned");
  return Object.assign(child, { pid });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

const locked = (pid: number) => ({
  code: "DATA_DIR_LOCKED",
  retryable: false,
  message: expect.stringContaining(`${path} is held by process ${pid}:`),
});

test("a lock is one process's until it gives it back", async () => {
  const lock = await takeLockFile(path);
  expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^${process.pid}\\b`));
  await expect(takeLockFile(path)).rejects.toMatchObject(locked(process.pid));
  await lock.release();
  expect(existsSync(path)).toBe(false);
  await (await takeLockFile(path)).release();
});

test("a lock of another process that lives is left alone", async () => {
  const { pid } = await live();
  writeFileSync(path, `${pid}\n`);
  await expect(takeLockFile(path)).rejects.toMatchObject(locked(pid));
  expect(readFileSync(path, "utf8")).toBe(`${pid}\n`);
});

test("a lock of a process that is gone is taken over", async () => {
  const child = await live();
  writeFileSync(path, `${child.pid}\n`);
  await end(child);
  await takeLockFile(path);
  expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^${process.pid}\\b`));
});

test.runIf(process.platform === "linux")(
  "a process id given anew to another program is told apart by its start time",
  async () => {
    const { pid } = await live();
    writeFileSync(path, `${pid} 1\n`);
    await takeLockFile(path);
    expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^${process.pid}\\b`));
  },
);

test.each(["", "\n", "tidemark\n", "-1\n", "0\n", "1.5\n"])(
  "a lock file that says %j holds nobody up",
  async (text) => {
    writeFileSync(path, text);
    await takeLockFile(path);
    await expect(takeLockFile(path)).rejects.toMatchObject(locked(process.pid));
  },
);

test("a lock shared with a child is taken over when both are gone, and not before", async () => {
  const [parent, child] = [await live(), await live()];
  writeFileSync(path, `${parent.pid}\n${child.pid}\n`);
  await expect(takeLockFile(path)).rejects.toMatchObject(locked(parent.pid));
  await end(parent);
  const taking = takeLockFile(path);
  const first = await Promise.race([taking, new Promise((resolve) => setTimeout(resolve, 200, "waits"))]);
  expect(first).toBe("waits");
  await end(child);
  await taking;
  expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^${process.pid}\\b`));
});

test("a lock names the child it is shared with", async () => {
  const { pid } = await live();
  const lock = await takeLockFile(path);
  await lock.share(pid);
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(lines.map((line) => Number(line.split(" ")[0]))).toEqual([process.pid, pid]);
  await lock.release();
  expect(existsSync(path)).toBe(false);
});

test("of many that start at the same moment one gets the lock", async () => {
  const child = await live();
  await end(child);
  for (const left of [undefined, `${child.pid}\n`]) {
    for (let round = 0; round < 20; round += 1) {
      rmSync(path, { force: true });
      if (left !== undefined) writeFileSync(path, left);
      const taken = await Promise.allSettled(Array.from({ length: 6 }, () => takeLockFile(path)));
      expect(taken.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  }
});

test("a folder that is not there is no lock", async () => {
  await expect(takeLockFile(join(folder, "nowhere", "tidemark.lock"))).rejects.toMatchObject({
    code: "ENOENT",
  });
});
