import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { openDatabase } from "../platform/database.ts";
import { migrate } from "../platform/migrations.ts";
import type { ShardWriter } from "../platform/ports.ts";
import { openReadingStore } from "../platform/reading-store.ts";
import { openLog } from "../platform/telemetry.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { createPostgres, createRedis, temporaryFolder } from "../tests/harness/local-servers.ts";
import { portOf, startProgram } from "../tests/harness/program.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { runLoad } from "./mqtt-load.ts";
import { printTable } from "./table.ts";

interface Figure {
  readonly mode: string;
  readonly readings: number;
  readonly acknowledgedPerSecond: number;
  readonly storedPerSecond: number;
}

const log = openLog({ level: "silent", format: "json" });
const connections = 20;
const sensorTypes = ["temperature", "humidity", "pressure", "vibration"] as const;

/**
 * Readings per second from the first publish to the last committed, scored row, with the load generator on the same machine; and,
 * as the baseline of the same run, the bare database statement fed with the same number of rows.
 */
export async function pipelineBench(args: readonly string[]): Promise<void> {
  const readings = Number(args[0] ?? 200_000);
  const folder = temporaryFolder("bench");
  const redis = await createRedis(folder);
  const postgres = await createPostgres(folder);
  await redis.start();
  await postgres.start();
  try {
    const baseline = await writeAlone(process.env["TEST_DATABASE_URL"] ?? postgres.url, readings);
    const server = await serverMode(process.env["TEST_DATABASE_URL"] ?? postgres.url, redis.url, readings);
    const embedded = await embeddedMode(folder, readings / 2);
    const rows = [server, embedded].map((figure) => ({
      ...figure,
      ratioToWriteAlone: Number((figure.storedPerSecond / baseline).toFixed(2)),
    }));
    printTable(`pipeline (${connections} connections, ${sensorTypes.length} readings a message)`, rows);
    process.stdout.write(`baseline: the same statement alone, one connection: ${baseline} rows/s\n`);
    process.stdout.write(`${JSON.stringify({ bench: "pipeline", baseline, rows })}\n`);
  } finally {
    await Promise.all([redis.stop(), postgres.stop("SIGINT")]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const baseUs = Date.now() * 1000 - 3600e6;

function payloadOf(index: number): string {
  const wave = Math.sin(index / 500);
  const timestamp = formatTimestamp(baseUs + index * 1000);
  return JSON.stringify({
    temperature: Number((22.5 + wave + jitter(index)).toFixed(2)),
    humidity: Number((50 + 4 * wave + jitter(index + 1)).toFixed(2)),
    pressure: Number((1010 + 3 * wave + jitter(index + 2)).toFixed(2)),
    vibration: Number((2 + 0.5 * wave + jitter(index + 3) / 2).toFixed(2)),
    timestamp,
  });
}

/** A repeatable disturbance of ±0.2. */
function jitter(index: number): number {
  const hash = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return (hash / 2 ** 32 - 0.5) * 0.4;
}

async function serverMode(databaseUrl: string, redisUrl: string, readings: number): Promise<Figure> {
  const database = await createTestDatabase(databaseUrl);
  const shared = { DATABASE_URL: database.url, REDIS_URL: redisUrl, LOG_LEVEL: "info" };
  const broker = startProgram(["broker"], shared);
  const processor = startProgram(["processor"], shared);
  try {
    const { mqtt } = await broker.ready();
    await processor.ready();
    const count = async () =>
      (await database.query<{ n: number }>("SELECT count(*)::integer AS n FROM readings"))[0]?.n ?? 0;
    return await measure({ mode: "server", port: portOf(mqtt), readings, count });
  } finally {
    await Promise.all([broker.kill("SIGTERM"), processor.kill("SIGTERM")]);
    await database.drop();
  }
}

async function embeddedMode(folder: string, readings: number): Promise<Figure> {
  const program = startProgram([], { DATA_DIR: `${folder}/data` });
  try {
    const { mqtt, probe = "", http = probe } = await program.ready();
    // Embedded, an acknowledgement waits for the commit; the counter only confirms it.
    const count = async () => {
      const text = await (await fetch(`${http}/metrics`)).text();
      return Number(/^iot_readings_stored_total (\d+)/m.exec(text)?.[1] ?? 0);
    };
    return await measure({ mode: "embedded", port: portOf(mqtt), readings, count });
  } finally {
    await program.kill("SIGTERM");
  }
}

interface Subject {
  readonly mode: string;
  readonly port: number;
  readonly readings: number;
  /** Readings stored so far. */
  readonly count: () => Promise<number>;
}

async function measure({ mode, port, readings, count }: Subject): Promise<Figure> {
  const messages = readings / sensorTypes.length;
  // The first readings compile the code and make the series; the figure is that of a running platform.
  const warmUp = await runLoad({
    port,
    connections,
    window: 100,
    messages: messages / 10,
    topicOf: telemetryTopic,
    payloadOf: (index) => payloadOf(index),
  });
  await reached(count, warmUp.acknowledged * sensorTypes.length);
  const before = await count();
  const startedMs = performance.now();
  const offset = messages;
  const load = await runLoad({
    port,
    connections,
    window: 100,
    messages,
    topicOf: telemetryTopic,
    payloadOf: (index) => payloadOf(offset + index),
  });
  const sentReadings = load.acknowledged * sensorTypes.length;
  // Preparing the packets takes time that is not the platform's: what counts begins with the first publish.
  const preparingSeconds = (performance.now() - startedMs) / 1000 - load.seconds;
  await reached(count, before + sentReadings);
  const seconds = (performance.now() - startedMs) / 1000 - preparingSeconds;
  return {
    mode,
    readings: sentReadings,
    acknowledgedPerSecond: Math.round(sentReadings / load.seconds),
    storedPerSecond: Math.round(sentReadings / seconds),
  };
}

async function reached(count: () => Promise<number>, target: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  while ((await count()) < target) {
    if (performance.now() > deadline)
      throw new Error(`only ${await count()} of ${target} readings were stored in 120 s`);
    await pause(20);
  }
}

/** Rows a second through the one statement that stores a batch, with nothing else running. */
async function writeAlone(databaseUrl: string, readings: number): Promise<number> {
  const testDatabase = await createTestDatabase(databaseUrl);
  const database = await openDatabase({ url: testDatabase.url, log, isSole: false, connections: 2 });
  await migrate(database, { hasTimescale: false, chunkIntervalHours: 24 });
  const writer = await openReadingStore(database).claimShard(0, "bench");
  if (writer === null) throw new Error("the shard is taken");
  await writeBatches(writer, 0, readings / 10);
  const startedMs = performance.now();
  await writeBatches(writer, readings, readings);
  const seconds = (performance.now() - startedMs) / 1000;
  await writer.release();
  await database.close();
  await testDatabase.drop();
  return Math.round(readings / seconds);
}

const nothingElse = {
  rejections: [],
  positions: {},
  anchors: [],
  toRefused: (): never => {
    throw new Error("every reading of this benchmark can be stored");
  },
};

async function writeBatches(writer: ShardWriter, from: number, readings: number): Promise<void> {
  for (let start = from; start < from + readings; start += 1000) {
    const batch = Array.from({ length: 1000 }, (_, index) => rowOf(start + index));
    await writer.write({ ...nothingElse, readings: batch, receivedUs: Date.now() * 1000 });
  }
}

function rowOf(index: number): ScoredReading {
  return {
    deviceId: `bench-${index % connections}`,
    sensorType: "temperature",
    timestampUs: baseUs + index,
    value: 22 + jitter(index),
    score: 0.2,
    isAnomaly: false,
    confidence: 0.9,
    modelVersion: "temperature@factory-1",
    isLate: false,
    explanation: null,
  };
}
