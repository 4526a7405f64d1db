import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

// What prepare, build and dev share. Node built-ins only: these run before anything is installed.

export const root = fileURLToPath(new URL("..", import.meta.url));

/** A step that cannot succeed; its message is all a person needs to see. */
export class StepFailure extends Error {}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

/**
 * Runs a command quietly: nothing is shown while it works but a sign of life, everything it printed when it fails.
 * @throws StepFailure when it cannot start or exits with anything but 0.
 */
export async function run(command, args, env = process.env) {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill();
  process.once("exit", kill);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => output.push(chunk));
  }
  const started = Date.now();
  const alive = setInterval(
    () => say(`  still working, ${Math.round((Date.now() - started) / 1000)} s ...`),
    15_000,
  );
  try {
    const code = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (code === 0) return;
    process.stderr.write(Buffer.concat(output));
    throw new StepFailure(`${[command, ...args].join(" ")} failed with exit code ${code}`);
  } catch (cause) {
    if (cause instanceof StepFailure) throw cause;
    throw new StepFailure(`${command} did not start: ${cause.message}`);
  } finally {
    clearInterval(alive);
    process.removeListener("exit", kill);
  }
}

// npm ci empties node_modules and the build writes dist, so the lock of a checkout lies outside of both.
const lockFile = join(
  tmpdir(),
  `tidemark-prepare-${createHash("sha1").update(root).digest("hex").slice(0, 12)}.lock`,
);
const longestWorkMs = 30 * 60_000;

/** Runs the work while no other prepare or build of this checkout does. A lock whose holder died is taken over. */
export async function alone(work) {
  let told = false;
  while (!takeLock()) {
    if (!told) say("waiting for another install or build of this checkout ...");
    told = true;
    await sleep(200);
  }
  const release = () => rmSync(lockFile, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

function takeLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (holderIsGone()) rmSync(lockFile, { force: true });
  return false;
}

function holderIsGone() {
  try {
    const pid = Number(readFileSync(lockFile, "utf8"));
    const ageMs = Date.now() - statSync(lockFile).mtimeMs;
    // Between creating and filling it the file is empty for an instant.
    if (pid === 0) return ageMs > 5000;
    if (ageMs > longestWorkMs) return true;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Runs a script's main function; a failure is one line and exit code 1, an interrupt leaves no lock behind. */
export async function main(work) {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])
    process.once(signal, () => process.exit(code));
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${error instanceof StepFailure ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
