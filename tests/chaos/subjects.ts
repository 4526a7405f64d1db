import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createPostgres,
  createRedis,
  freePort,
  type LocalServer,
  temporaryFolder,
  until,
} from "../harness/local-servers.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";
import type { Target } from "./plan.ts";
import { type Ending, Supervised } from "./supervised.ts";

/** Something that faults happen to. */
export interface Subject {
  /** Ends it; answers with the exit code. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
  /** Starts it again and waits until it serves. */
  start(): Promise<void>;
  /** The processes that stand still when it is frozen, parents first. */
  pids(): readonly number[];
}

/** The whole platform as processes of its own, on servers of its own. */
export interface Platform {
  readonly subjects: Readonly<Record<Target, Subject>>;
  readonly database: TestDatabase;
  readonly redisUrl: string;
  /** Of every broker. */
  readonly mqttUrls: readonly string[];
  readonly httpUrl: string;
  readonly webUrl: string;
  /** Ends of programs that nobody asked for. */
  endings(): readonly Ending[];
  /** Writes what every program said into the temporary folder; answers with its path. */
  keepLogs(): string;
  /** Ends everything; the temporary folder goes too, unless logs were kept. */
  stop(): Promise<void>;
}

/** Starts two servers and the seven programs of a platform. */
export async function startPlatform(options: { appendfsync: "always" | "everysec" }): Promise<Platform> {
  const folder = temporaryFolder("chaos");
  const redis = await createRedis(folder, ["--appendfsync", options.appendfsync]);
  const postgres = await createPostgres(folder);
  await Promise.all([redis.start(), postgres.start()]);
  const database = await createTestDatabase(postgres.url);
  const mqttPorts = [await freePort(), await freePort()] as const;
  const [httpPort, webPort] = [await freePort(), await freePort()];
  const mqttUrls = mqttPorts.map((port) => `mqtt://127.0.0.1:${port}`);
  const shared = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const program = (name: string, settings: Readonly<Record<string, string>> = {}) =>
    new Supervised({ name, args: [name.replace(/-\d$/, "")], settings: { ...shared, ...settings } });
  const programs = {
    "broker-0": program("broker-0", { MQTT_PORT: `${mqttPorts[0]}` }),
    "broker-1": program("broker-1", { MQTT_PORT: `${mqttPorts[1]}` }),
    // A bridge goes to one address; in a cluster of machines that is a service in front of all brokers.
    "gateway-http": program("gateway-http", { MQTT_URL: mqttUrls[0] ?? "", HTTP_PORT: `${httpPort}` }),
    web: program("web", { WEB_PORT: `${webPort}` }),
    "processor-0": program("processor-0"),
    "processor-1": program("processor-1"),
    "processor-2": program("processor-2"),
  };
  const all = Object.values(programs);
  let areLogsKept = false;
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((each) => each.end("SIGKILL")));
    // The connection that would drop the database may have died with its server; the data go with the folder.
    await database.drop().catch(() => undefined);
    await Promise.all([redis.stop("SIGKILL"), postgres.stop("SIGINT")]);
    if (!areLogsKept) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(all.map((each) => each.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  const subjects = {
    "broker-0": programSubject(programs["broker-0"]),
    "broker-1": programSubject(programs["broker-1"]),
    "gateway-http": programSubject(programs["gateway-http"]),
    web: programSubject(programs.web),
    "processor-0": programSubject(programs["processor-0"]),
    "processor-1": programSubject(programs["processor-1"]),
    "processor-2": programSubject(programs["processor-2"]),
    redis: serverSubject(redis),
    postgres: serverSubject(postgres),
  };
  return {
    subjects,
    database,
    redisUrl: redis.url,
    mqttUrls,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    webUrl: `http://127.0.0.1:${webPort}`,
    endings: () => all.flatMap(({ endings }) => endings),
    keepLogs() {
      areLogsKept = true;
      for (const [name, { output }] of Object.entries(programs)) {
        writeFileSync(join(folder, `${name}.log`), output);
      }
      return folder;
    },
    stop,
  };
}

function programSubject(program: Supervised): Subject {
  return {
    end: (signal) => program.end(signal),
    start: () => program.start(),
    pids: () => [program.pid],
  };
}

function serverSubject(server: LocalServer): Subject {
  return {
    async end(signal) {
      await server.stop(signal);
      return null;
    },
    // PostgreSQL refuses to start while a process of the killed one still holds its shared memory.
    start: () => until(`${server.url} is back`, () => server.start().then(isTrue, isFalse), { everyMs: 200 }),
    pids: () => [server.pid(), ...childrenOf(server.pid())],
  };
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

/** The children of a process where the system tells (Linux); elsewhere a freeze holds the parent only. */
function childrenOf(pid: number): readonly number[] {
  const list = `/proc/${pid}/task/${pid}/children`;
  return existsSync(list) ? readFileSync(list, "utf8").split(" ").filter(Boolean).map(Number) : [];
}
