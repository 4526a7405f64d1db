import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** A server that tests may stop, kill and start again; it keeps its port and its data. */
export interface LocalServer {
  readonly url: string;
  readonly pid: () => number;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface LocalServers {
  readonly redisUrl: string;
  readonly postgresUrl: string;
  stop(): Promise<void>;
}

/** Starts an empty Redis and an empty PostgreSQL on free ports of 127.0.0.1, in a temporary folder that goes with them. */
export async function startLocalServers(): Promise<LocalServers> {
  const folder = temporaryFolder("servers");
  // The suites kill processes, not the machine: what the system has not written to disk yet stays in its memory.
  const [redis, postgres] = await Promise.all([createRedis(folder), createPostgres(folder, ["fsync=off"])]);
  await Promise.all([redis.start(), postgres.start()]);
  return {
    redisUrl: redis.url,
    postgresUrl: postgres.url,
    stop: async () => {
      await Promise.all([redis.stop(), postgres.stop("SIGINT")]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A new folder under the system's temporary folder that any user may enter. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tidemark-${name}-`));
  if (process.getuid?.() === 0) execFileSync("chmod", ["755", folder]);
  return folder;
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** A Redis with an append-only file, not yet started. */
export async function createRedis(folder: string, settings: readonly string[] = []): Promise<LocalServer> {
  const port = await freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const start = () =>
    spawn("redis-server", [...args, "--appendonly", "yes", "--appendfsync", "everysec", ...settings], {
      stdio: "ignore",
    });
  return server(`redis://127.0.0.1:${port}`, start, async () => {
    execFileSync("redis-cli", ["-p", `${port}`, "ping"], { stdio: "ignore" });
  });
}

/** A PostgreSQL cluster, initialised but not yet started. It refuses to run as root, so root lends it to `postgres`. */
export async function createPostgres(
  folder: string,
  ownSettings: readonly string[] = [],
): Promise<LocalServer> {
  const port = await freePort();
  const data = join(folder, "postgres");
  const owner = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : undefined;
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const initdb = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"];
  execFileSync(postgresProgram("initdb"), initdb, { ...owner, cwd: folder, stdio: "pipe" });
  const settings = [
    ...["listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "max_connections=100"],
    ...ownSettings,
  ];
  const args = ["-D", data, "-p", `${port}`, ...settings.flatMap((setting) => ["-c", setting])];
  const start = () => spawn(postgresProgram("postgres"), args, { ...owner, cwd: folder, stdio: "ignore" });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return server(url, start, async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.end();
  });
}

function server(url: string, spawnIt: () => ChildProcess, probe: () => Promise<void>): LocalServer {
  let child: ChildProcess | undefined;
  return {
    url,
    pid: () => child?.pid ?? Number.NaN,
    async start() {
      child = spawnIt();
      await until(`${url} answers`, async () => {
        if (child?.exitCode !== null) throw new Error(`${url} ended with ${child?.exitCode}`);
        return probe().then(
          () => true,
          () => false,
        );
      });
    },
    async stop(signal = "SIGTERM") {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    },
  };
}

/** Waits for a condition. @throws Error naming it when it does not come true in time. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { withinMs = 30_000, everyMs = 50 } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await pause(everyMs);
  }
}

function idOf(flag: "-u" | "-g"): number {
  return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
}

function postgresProgram(name: string): string {
  const home = "/usr/lib/postgresql";
  const majors = existsSync(home) ? readdirSync(home).map(Number) : [];
  const newest = majors
    .filter((major) => existsSync(`${home}/${major}/bin/postgres`))
    .sort((a, b) => b - a)[0];
  return newest === undefined ? name : `${home}/${newest}/bin/${name}`;
}
