import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, StepFailure, say } from "./steps.mjs";

// The programs that the tests start by themselves. Only the binaries are wanted: no server of the machine's own is used or started.

const debianPackages = ["redis-server", "postgresql", "chromium", "mosquitto-clients", "openssl"];
const oldestPostgres = 15;

/** What the tests would not find on this machine, in words for a person. */
export function missingServers() {
  return [
    { name: "redis-server", found: isOnPath("redis-server") },
    { name: `PostgreSQL ${oldestPostgres} or newer (the server)`, found: hasPostgres() },
    { name: "openssl", found: isOnPath("openssl") },
    {
      name: "chromium",
      found: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].some(isOnPath),
    },
  ]
    .filter(({ found }) => !found)
    .map(({ name }) => name);
}

/** @throws StepFailure naming what to install where this machine does not let us do it. */
export async function installServers() {
  const missing = missingServers();
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0) throw new StepFailure(advice(missing));
  say(`installing ${missing.join(", ")} with apt-get (a few minutes, once) ...`);
  await withoutStartingServices(async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const wait = ["-o", "DPkg::Lock::Timeout=300", "-q"];
    await run("apt-get", [...wait, "update"], env);
    await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", ...debianPackages], env);
  });
  const still = missingServers();
  if (still.length > 0) throw new StepFailure(advice(still));
}

function advice(missing) {
  return [
    `The tests need ${missing.join(", ")}, which this machine does not have.`,
    "  Debian:  sudo apt-get install --no-install-recommends redis-server postgresql chromium openssl",
    "  macOS:   brew install redis postgresql@17 chromium openssl, and put postgresql@17/bin on the PATH",
    "Then run the command again.",
  ].join("\n");
}

function isOnPath(command) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => folder !== "" && isExecutable(join(folder, command)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Debian keeps the server's binaries off the PATH, in a folder named after the major version.
function hasPostgres() {
  const home = "/usr/lib/postgresql";
  const majors = existsSync(home) ? readdirSync(home).map(Number) : [];
  if (majors.some((major) => major >= oldestPostgres && isExecutable(`${home}/${major}/bin/postgres`)))
    return true;
  if (!isOnPath("postgres")) return false;
  const version = execFileSync("postgres", ["--version"], { encoding: "utf8" });
  return Number(/(\d+)/.exec(version)?.[1] ?? 0) >= oldestPostgres;
}

// Debian starts a server as soon as it is installed, unless this script answers 101, "not allowed" (invoke-rc.d(8)).
async function withoutStartingServices(work) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return await work();
  const remove = () => rmSync(policy, { force: true });
  process.once("exit", remove);
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await work();
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}
