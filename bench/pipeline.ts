import { openDatabase } from "../platform/database/database.ts";
import { migrate } from "../platform/database/migrations.ts";
import type { ShardWriter } from "../platform/ports.ts";
import { openReadingStore } from "../platform/readings/reading-store.ts";
import { openLog } from "../platform/telemetry.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { portOf, startProgram } from "../tests/harness/program.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { runLoad } from "./mqtt-load.ts";
import { median, reached, type Scoring, type Servers, startPipe, withServers } from "./pipe.ts";
import { cpuSeconds } from "./processes.ts";
import { printTable } from "./table.ts";

interface Figure {
  readonly readings: number;
  readonly acknowledgedPerSecond: number;
  readonly storedPerSecond: number;
}

const log = openLog({ level: "silent", format: "json" });
const connections = 20;
const sensorTypes = ["temperature", "humidity", "pressure", "vibration"] as const;
const defaultRounds = 3;

/**
 * Readings per second from the first publish to the last committed, scored row, with the load generator on the same machine. Two
 * baselines of the same run: the same pipe without scoring, in turns with it, and the bare database statement.
 */
export async function pipelineBench(args: readonly string[]): Promise<void> {
  const readings = Number(args[0] ?? 200_000);
  const rounds = Number(args[1] ?? defaultRounds);
  await withServers(async (servers) => {
    const statement = await writeAlone(servers.databaseUrl, readings);
    const figures: Record<Scoring, Figure[]> = { scored: [], unscored: [] };
    for (let round = 0; round < rounds; round += 1) {
      // In turns, and in turns the first: what the machine does beside it meets both.
      const turns: readonly Scoring[] = round % 2 === 0 ? ["scored", "unscored"] : ["unscored", "scored"];
      for (const scoring of turns) figures[scoring].push(await serverMode(servers, scoring, readings));
    }
    const scored = middle(figures.scored);
    const unscored = middle(figures.unscored);
    const embedded = await embeddedMode(servers.folder, readings / 2);
    const rows = [
      { mode: "server", ...scored, toUnscored: ratio(scored, unscored.storedPerSecond) },
      { mode: "server, unscored", ...unscored, toUnscored: 1 },
      { mode: "embedded", ...embedded, toUnscored: "" },
    ].map((row) => ({ ...row, toStatement: ratio(row, statement) }));
    printTable(`pipeline (${connections} connections, ${sensorTypes.length} readings a message)`, rows);
    process.stdout.write(`the same statement alone, one connection: ${statement} rows/s\n`);
    process.stdout.write(`${JSON.stringify({ bench: "pipeline", statement, rounds, rows })}\n`);
  });
}

function ratio({ storedPerSecond }: Pick<Figure, "storedPerSecond">, baseline: number): number {
  return Number((storedPerSecond / baseline).toFixed(2));
}

/** Each figure's median. */
function middle<F extends Readonly<Record<keyof F, number>>>(figures: readonly F[]): F {
  const names = Object.keys(figures[0] ?? {});
  // The same names with numbers again.
  return Object.fromEntries(
    names.map((name) => [name, median(figures.map((figure) => figure[name as keyof F]))]),
  ) as F;
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

/** Beside the rates the processor time each part took, in microseconds a reading: that hardly depends on what else the machine does. */
async function serverMode(
  { postgres, redis, ...servers }: Servers,
  scoring: Scoring,
  readings: number,
): Promise<Figure> {
  const pipe = await startPipe({ postgres, redis, ...servers }, { scoring });
  const parts = {
    broker: pipe.broker.child.pid,
    processor: pipe.processor.child.pid,
    postgres: postgres.pid(),
    redis: redis.pid(),
  };
  const used = () => Object.entries(parts).map(([name, pid]) => [name, cpuSeconds(pid)] as const);
  let before = used();
  try {
    const onWarm = (): void => {
      before = used();
    };
    const figure = await measure({ port: pipe.port, readings, count: pipe.stored, onWarm });
    const micros = used().map(([name, seconds], place) => {
      const spent = seconds - (before[place]?.[1] ?? 0);
      return [`${name}Us`, Number(((spent * 1e6) / figure.readings).toFixed(1))];
    });
    return { ...figure, ...Object.fromEntries(micros) };
  } finally {
    await pipe.stop();
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
    return await measure({ port: portOf(mqtt), readings, count });
  } finally {
    await program.kill("SIGTERM");
  }
}

interface Subject {
  readonly port: number;
  readonly readings: number;
  /** Readings stored so far. */
  readonly count: () => Promise<number>;
  readonly onWarm?: () => void;
}

async function measure({ port, readings, count, onWarm }: Subject): Promise<Figure> {
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
  onWarm?.();
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
    readings: sentReadings,
    acknowledgedPerSecond: Math.round(sentReadings / load.seconds),
    storedPerSecond: Math.round(sentReadings / seconds),
  };
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
  bands: [],
  steps: { strikes: [], ends: [], begins: [] },
  heard: new Map(),
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
    modelVersion: "temperature@factory-2",
    isLate: false,
    explanation: null,
  };
}
