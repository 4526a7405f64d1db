import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createPostgres, createRedis, temporaryFolder, until } from "../tests/harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../tests/harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../tests/harness/test-database.ts";
import { ask } from "./ask.ts";
import type { BrowserAnswer, BrowserOrder, BrowserQuestion } from "./browser-worker.ts";
import { CommitWatch } from "./commit-watch.ts";
import { type LoadLatencies, PacedLoad, type Schedule } from "./paced-load.ts";
import type { PacedLoadOrder } from "./paced-load-worker.ts";
import { type Percentiles, percentilesOf } from "./percentiles.ts";
import { clockOffsetUs, sharedClock } from "./shared-clock.ts";
import { printTable } from "./table.ts";

type Row = Percentiles & { readonly load: string; readonly path: string; readonly p50ToBare: number };

interface Bare {
  readonly pubackMs: number;
  readonly commitMs: number;
}

interface Platform {
  readonly database: TestDatabase;
  readonly processor: Program;
  readonly mqttPort: number;
  readonly consoleUrl: string;
}

/** Readings a second, and how many of them share a message. */
interface Rate {
  readonly readingsPerSecond: number;
  readonly readingsPerMessage: number;
}

const devices = 100;
const deviceIds = Array.from({ length: devices }, (_, index) => `paced-${index}`);
const warmUpSeconds = 8;
const measuredSeconds = 20;
const anomaliesPerSecond = 10;
const bareRounds = 300;
const offsetUs = clockOffsetUs();
const now = sharedClock(offsetUs);

/**
 * How long after it was due a reading is acknowledged, committed and in a browser, with each service a process. The load is an open loop,
 * and every latency counts from the scheduled moment: when the platform stalls, what should have been sent meanwhile counts as
 * late, too. Baseline of the same run: a lone publish to its PUBACK, and a lone commit of one row.
 */
export async function latencyBench(args: readonly string[]): Promise<void> {
  const rates = (args.length > 0 ? args : ["1000", "5000", "20000"]).map(rateOf);
  const folder = temporaryFolder("bench");
  const redis = await createRedis(folder);
  const postgres = await createPostgres(folder);
  await redis.start();
  await postgres.start();
  const database = await createTestDatabase(process.env["TEST_DATABASE_URL"] ?? postgres.url);
  const settings = { DATABASE_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: "info" };
  const programs = ["processor", "broker", "web"].map((service) => startProgram([service], settings));
  try {
    const [processor, broker, web] = programs;
    if (processor === undefined || broker === undefined || web === undefined) return;
    await processor.ready();
    const mqttPort = portOf((await broker.ready())["mqtt"]);
    const consoleUrl = (await web.ready())["console"] ?? "";
    const platform = { database, processor, mqttPort, consoleUrl };
    const bare = { pubackMs: await lonePuback(mqttPort), commitMs: await loneCommit(database) };
    const rows: Row[] = [];
    for (const rate of rates) rows.push(...(await measure(platform, rate, bare)));
    print(rows, bare);
  } finally {
    await Promise.all(programs.map((program) => program.kill("SIGTERM")));
    await database.drop();
    await Promise.all([redis.stop(), postgres.stop("SIGINT")]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(rows: readonly Row[], bare: Bare): void {
  printTable(
    `latency in ms from the scheduled moment (${devices} devices, one browser watches them all)`,
    rows,
  );
  process.stdout.write(
    `baseline, nothing else running, p50: PUBLISH to PUBACK ${bare.pubackMs} ms, commit of one row ${bare.commitMs} ms; p50ToBare is p50 by their sum, or by the first alone where nothing is committed\n`,
  );
  process.stdout.write(`${JSON.stringify({ bench: "latency", baseline: bare, rows })}\n`);
}

/** `5000` sends one reading a message, `5000x4` four. */
function rateOf(text: string): Rate {
  const [readingsPerSecond = 0, readingsPerMessage = 1] = text.split("x").map(Number);
  return { readingsPerSecond, readingsPerMessage };
}

async function measure(platform: Platform, rate: Rate, bare: Bare): Promise<readonly Row[]> {
  const { readingsPerSecond, readingsPerMessage } = rate;
  const messagesPerSecond = readingsPerSecond / readingsPerMessage;
  const loadOrder: PacedLoadOrder = { port: platform.mqttPort, deviceIds, readingsPerMessage, offsetUs };
  const browserOrder: BrowserOrder = { url: platform.consoleUrl, deviceIds, offsetUs };
  const load = new Worker(new URL("./paced-load-worker.js", import.meta.url), { workerData: loadOrder });
  const browser = new Worker(new URL("./browser-worker.js", import.meta.url), { workerData: browserOrder });
  const commits = new CommitWatch(platform.database, now);
  const hear = (fromUs: number): Promise<BrowserAnswer> =>
    ask<BrowserQuestion, BrowserAnswer>(browser, { fromUs });
  // It answers once it listens.
  await hear(now());

  const schedule: Schedule = {
    startUs: now() + 500_000,
    messages: messagesPerSecond * (warmUpSeconds + measuredSeconds),
    messagesPerSecond,
    // Not a divisor of the devices' number, so that each of them has its turn.
    anomalyEvery: Math.round(messagesPerSecond / anomaliesPerSecond) + 1,
  };
  const fromUs = schedule.startUs + warmUpSeconds * 1e6;
  const storedBefore = await storedBy(platform.processor);
  const { sentUs, pubackUs } = await ask<Schedule, LoadLatencies>(load, schedule);
  const readings = schedule.messages * readingsPerMessage;
  await until(
    `${readings} readings are stored`,
    async () => (await storedBy(platform.processor)) >= storedBefore + readings,
    { withinMs: 120_000 },
  );
  const committedUs = await commits.latenciesUs(fromUs);
  await until(
    "the browser has what was stored",
    async () => (await hear(fromUs)).pointsUs.length >= committedUs.length,
  );
  const { pointsUs, anomaliesUs } = await hear(fromUs);
  await Promise.all([load.terminate(), browser.terminate()]);

  const name = `${readingsPerSecond}/s${readingsPerMessage > 1 ? ` by ${readingsPerMessage}` : ""}`;
  const row = (path: string, latenciesUs: Float64Array, bareMs: number): Row => {
    const percentiles = percentilesOf(latenciesUs);
    return { load: name, path, ...percentiles, p50ToBare: Number((percentiles.p50 / bareMs).toFixed(1)) };
  };
  const whole = bare.pubackMs + bare.commitMs;
  return [
    row("sent", sentUs.subarray(warmUpSeconds * messagesPerSecond), bare.pubackMs),
    row("PUBACK", pubackUs.subarray(warmUpSeconds * messagesPerSecond), bare.pubackMs),
    row("committed", committedUs, whole),
    row("browser: reading", pointsUs, whole),
    row("browser: anomaly", anomaliesUs, whole),
  ];
}

/** Readings the processor has committed, repeats aside. */
async function storedBy(processor: Program): Promise<number> {
  const { probe } = await processor.ready();
  const text = await (await fetch(`${probe}/metrics`)).text();
  return Number(/^iot_readings_stored_total (\d+)/m.exec(text)?.[1] ?? 0);
}

async function lonePuback(port: number): Promise<number> {
  const load = await PacedLoad.open({ port, deviceIds: ["lone"], readingsPerMessage: 1, now });
  const schedule = { messagesPerSecond: 50, messages: bareRounds, anomalyEvery: bareRounds + 1 };
  return percentilesOf((await load.run({ ...schedule, startUs: now() })).pubackUs).p50;
}

async function loneCommit(database: TestDatabase): Promise<number> {
  await database.query("CREATE TABLE lone_commit (at timestamptz NOT NULL)");
  const latenciesUs = new Float64Array(bareRounds);
  for (let round = 0; round < bareRounds; round += 1) {
    const startedUs = now();
    await database.query("INSERT INTO lone_commit VALUES (now())");
    latenciesUs[round] = now() - startedUs;
  }
  return percentilesOf(latenciesUs).p50;
}
