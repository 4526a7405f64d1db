import { rmSync } from "node:fs";
import { createRedis, type LocalServer, temporaryFolder, until } from "./local-servers.ts";
import { type Program, startProgram } from "./program.ts";
import type { TestDatabase } from "./test-database.ts";

/** The services as processes of their own, on a Redis of their own and the database given. */
export interface Services {
  readonly redis: LocalServer;
  readonly database: TestDatabase;
  start(service: string, settings?: Readonly<Record<string, string>>): Program;
  /** Ends every process, and the Redis and the database with them. */
  stop(): Promise<void>;
}

export interface ServicesOptions {
  readonly database: TestDatabase;
  /** Arguments of the Redis. */
  readonly redisSettings?: readonly string[];
  /** Of every service. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts the Redis; the services are the test's to start. */
export async function openServices({
  database,
  redisSettings,
  settings,
}: ServicesOptions): Promise<Services> {
  const folder = temporaryFolder("redis");
  const redis = await createRedis(folder, redisSettings);
  await redis.start();
  const programs: Program[] = [];
  const shared = { REDIS_URL: redis.url, DATABASE_URL: database.url, ...settings };
  return {
    redis,
    database,
    start(service, own = {}) {
      const program = startProgram([service], { ...shared, ...own });
      programs.push(program);
      return program;
    },
    async stop() {
      await Promise.all(programs.map((program) => program.kill("SIGKILL")));
      await database.drop();
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A metric of a service as its probe shows it, all labels added up; NaN while the probe does not answer. */
export async function metricOf(program: Program, name: string): Promise<number> {
  const { probe } = await program.ready();
  try {
    const answer = await fetch(`${probe}/metrics`, { signal: AbortSignal.timeout(2000) });
    const samples = (await answer.text()).matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"));
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  } catch {
    return Number.NaN;
  }
}

/** Waits until these processors own so many shards each, in whatever order. */
export async function untilShares(
  processors: readonly Program[],
  expected: readonly number[],
): Promise<void> {
  let owned: readonly number[] = [];
  const isShared = async (): Promise<boolean> => {
    owned = await Promise.all(processors.map((program) => metricOf(program, "iot_shards_owned")));
    return owned.toSorted((a, b) => b - a).join() === expected.join();
  };
  await Promise.all(processors.map((program) => program.ready()));
  await until(`the shares are ${expected.join(", ")}`, isShared, { withinMs: 60_000 }).catch(
    (cause: unknown) => {
      const logs = processors.map((program) => program.output().slice(-2000)).join("\n\n");
      throw new Error(`the shares are ${owned.join(", ")}, not ${expected.join(", ")}\n${logs}`, { cause });
    },
  );
}
