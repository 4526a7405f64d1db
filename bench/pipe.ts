import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import {
  createPostgres,
  createRedis,
  type LocalServer,
  temporaryFolder,
} from "../tests/harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../tests/harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../tests/harness/test-database.ts";

/** What a benchmark runs on: servers of its own, or the database that TEST_DATABASE_URL names. */
export interface Servers {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly postgres: LocalServer;
  readonly redis: LocalServer;
}

/** Starts a Redis and a PostgreSQL, runs, and stops them. */
export async function withServers(run: (servers: Servers) => Promise<void>): Promise<void> {
  const folder = temporaryFolder("bench");
  const redis = await createRedis(folder);
  const postgres = await createPostgres(folder);
  await redis.start();
  await postgres.start();
  try {
    await run({ folder, databaseUrl: process.env["TEST_DATABASE_URL"] ?? postgres.url, postgres, redis });
  } finally {
    await Promise.all([redis.stop(), postgres.stop("SIGINT")]);
    rmSync(folder, { recursive: true, force: true });
  }
}

export type Scoring = "scored" | "unscored";

/** A broker and a processor on an empty database and an empty Redis. */
export interface Pipe {
  readonly port: number;
  readonly broker: Program;
  readonly processor: Program;
  readonly database: TestDatabase;
  /** One more processor beside it. */
  addProcessor(): Promise<Program>;
  /** Readings stored so far. */
  stored(): Promise<number>;
  stop(): Promise<void>;
}

// A Redis has sixteen databases, so each pipe of a run can have one of its own.
let pipes = 0;

/** Starts the pipe; without scoring, its processor is one that stores what it takes as it is. */
export async function startPipe(
  servers: Servers,
  options: { scoring?: Scoring; settings?: Readonly<Record<string, string>> } = {},
): Promise<Pipe> {
  const database = await createTestDatabase(servers.databaseUrl);
  const redisUrl = `${servers.redis.url}/${pipes++ % 16}`;
  const settings = { DATABASE_URL: database.url, REDIS_URL: redisUrl, ...options.settings };
  const broker = startProgram(["broker"], settings);
  const processor =
    options.scoring === "unscored"
      ? startProgram([], settings, "bench/unscored-processor.js")
      : startProgram(["processor"], settings);
  const programs = [broker, processor];
  const [{ mqtt }] = await Promise.all([broker.ready(), processor.ready()]);
  return {
    port: portOf(mqtt),
    broker,
    processor,
    database,
    async addProcessor() {
      const added = startProgram(["processor"], settings);
      programs.push(added);
      await added.ready();
      return added;
    },
    async stored() {
      const [row] = await database.query<{ n: string }>("SELECT coalesce(sum(stored), 0) AS n FROM custody");
      return Number(row?.n);
    },
    async stop() {
      await Promise.all(programs.map((program) => program.kill("SIGTERM")));
      await database.drop();
    },
  };
}

/** Waits until so many are stored. @throws Error after two minutes. */
export async function reached(count: () => Promise<number>, target: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  while ((await count()) < target) {
    if (performance.now() > deadline)
      throw new Error(`only ${await count()} of ${target} readings were stored in 120 s`);
    await pause(20);
  }
}

/** The middle one of an odd number of figures. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN;
}
