import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Order } from "../../platform/database/embedded-database-process.ts";
import { temporaryFolder, until } from "../harness/local-servers.ts";

const processFile = new URL("../../dist/platform/database/embedded-database-process.js", import.meta.url);

test("a database whose parent ends while it starts closes without a word", async () => {
  const folder = temporaryFolder("parent-ends");
  const child = fork(processFile, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const order: Order = { pgdata: join(folder, "postgres"), socketFolder: folder };
  child.send(order);
  await until("it has begun", () => existsSync(order.pgdata));
  child.disconnect();
  // "close" does not come after our own disconnect().
  const [[code]] = await Promise.all([once(child, "exit"), child.stderr && once(child.stderr, "end")]);
  expect([code, said]).toEqual([0, ""]);
  expect(existsSync(join(folder, ".s.PGSQL.5432"))).toBe(false);
  rmSync(folder, { recursive: true, force: true });
});
