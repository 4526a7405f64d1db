import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { join } from "node:path";
import { build } from "./compile.mjs";
import { isBuilt, sourceFolders } from "./freshness.mjs";
import { alone, root, say } from "./steps.mjs";

// The whole platform, rebuilt and restarted on every save. Arguments go to the platform: npm run dev -- --simulate
// Neither `tsc --watch` (TypeScript 7.0 misses saves on some file systems) nor `node --watch` (it makes every child process,
// the embedded database's too, report its imports over an IPC channel that may be gone).

const settleMs = 100;

let platform;
let settling;
let isBuilding = false;
let isStopping = false;

await rebuild();

for (const place of [...sourceFolders, "main.ts", "engines.ts", "stores.ts", "administration.ts"].filter(
  (name) => existsSync(join(root, name)),
)) {
  watch(join(root, place), { recursive: true }, settle);
}
// A terminal gives its SIGINT to the platform as well; a second signal would tell it not to finish what is in hand.
process.once("SIGINT", () => stop(false));
process.once("SIGTERM", () => stop(true));

function settle() {
  clearTimeout(settling);
  settling = setTimeout(rebuild, settleMs);
}

async function rebuild() {
  if (isBuilding) {
    settle();
    return;
  }
  isBuilding = true;
  try {
    // A test's save changes nothing that runs.
    if (platform !== undefined && isBuilt()) return;
    if (!isBuilt()) {
      say("building ...");
      await alone(build);
    }
    restart();
  } catch (error) {
    say(`${error.message}; waiting for the next save`);
  } finally {
    isBuilding = false;
  }
}

function restart() {
  if (platform !== undefined) {
    // Its exit, below, starts the next one.
    platform.kill();
    return;
  }
  platform = spawn(process.execPath, ["--enable-source-maps", "dist/main.js", ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
  });
  platform.once("exit", (code, signal) => {
    const wasAsked = platform.killed;
    platform = undefined;
    if (isStopping) process.exit(code ?? 0);
    if (wasAsked) restart();
    else say(`the platform ended (${signal ?? code}); it starts again with the next save`);
  });
}

function stop(isForwarded) {
  isStopping = true;
  if (platform === undefined) process.exit(0);
  if (isForwarded) platform.kill();
}
