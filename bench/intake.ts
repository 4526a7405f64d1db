import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { formatTimestamp } from "../schema/timestamp.ts";
import { createRedis, temporaryFolder } from "../tests/harness/local-servers.ts";
import {
  type BrokerUnderTest,
  cpuSecondsOf,
  startBareAedes,
  startMosquitto,
  startTidemark,
} from "./brokers.ts";
import { runLoad } from "./mqtt-load.ts";
import { printTable } from "./table.ts";

const connections = 100;
// What Mosquitto lets a client have under way unless told otherwise.
const window = 20;
const rounds = 3;
const seconds = 2;

/** The two ways to send one reading. */
const forms = [
  {
    form: "topic of the sensor",
    topicOf: (deviceId: string) => `devices/${deviceId}/telemetry/temperature`,
    payloadOf: (index: number) =>
      JSON.stringify({ value: temperatureOf(index), timestamp: Math.floor(startedMs + index) }),
  },
  {
    form: "flat object",
    topicOf: (deviceId: string) => `devices/${deviceId}/telemetry`,
    payloadOf: (index: number) =>
      JSON.stringify({
        temperature: temperatureOf(index),
        timestamp: formatTimestamp((startedMs + index) * 1000),
      }),
  },
] as const;

const startedMs = Date.now() - 3600e3;

function temperatureOf(index: number): number {
  return Number((21.4 + Math.sin(index / 500)).toFixed(2));
}

interface Run {
  readonly perSecond: number;
  readonly brokerCpuUs: number;
}

/**
 * PUBACKs per second of messages with one reading each: our broker, which acknowledges what is in Redis, beside bare Aedes and
 * Mosquitto, which acknowledge what is in memory. No processor runs; the stream is emptied after every run. The brokers take turns,
 * so that whatever else the machine does meets all of them.
 */
export async function intakeBench(): Promise<void> {
  const folder = temporaryFolder("intake");
  const redis = await createRedis(folder);
  await redis.start();
  const empty = (): void => {
    execFileSync("redis-cli", ["-u", redis.url, "flushall"], { stdio: "ignore" });
  };
  const started = [await startTidemark(redis.url), await startBareAedes(), await startMosquitto(folder)];
  const brokers = started.filter((broker) => broker !== undefined);
  if (brokers.length < started.length) process.stdout.write("mosquitto is not installed and left out\n");
  try {
    const rows = [];
    for (const form of forms) rows.push(...rowsOf(form.form, await compare(brokers, form, empty)));
    printTable(
      `intake (QoS 1, one reading a message, ${connections} connections, ${window} under way each, ` +
        `median of ${rounds} rounds of ${seconds} s)`,
      rows,
    );
    process.stdout.write(`${JSON.stringify({ bench: "intake", rows })}\n`);
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The runs of every broker by its name, a round after the other. */
async function compare(
  brokers: readonly BrokerUnderTest[],
  form: (typeof forms)[number],
  empty: () => void,
): Promise<ReadonlyMap<string, readonly Run[]>> {
  const runs = new Map<string, Run[]>(brokers.map(({ name }) => [name, []]));
  // The first round compiles the code.
  for (let round = 0; round <= rounds; round += 1) {
    for (const broker of brokers) {
      const run = await measure(broker, form);
      empty();
      if (round > 0) runs.get(broker.name)?.push(run);
    }
  }
  return runs;
}

async function measure({ port, pid }: BrokerUnderTest, form: (typeof forms)[number]): Promise<Run> {
  const before = cpuSecondsOf(pid);
  const load = await runLoad({ ...form, port, connections, window, messages: connections * 1000, seconds });
  const brokerCpuSeconds = cpuSecondsOf(pid) - before;
  return {
    perSecond: load.acknowledged / load.seconds,
    brokerCpuUs: (brokerCpuSeconds / load.acknowledged) * 1e6,
  };
}

function rowsOf(form: string, runs: ReadonlyMap<string, readonly Run[]>) {
  return [...runs].map(([broker, own]) => ({
    form,
    broker,
    pubacksPerSecond: Math.round(median(own.map((run) => run.perSecond))),
    brokerCpuUsPerMessage: rounded(median(own.map((run) => run.brokerCpuUs))),
    ratioToBareAedes: ratio(own, runs.get("bare aedes")),
    ratioToMosquitto: ratio(own, runs.get("mosquitto")),
  }));
}

/** The median of the ratios within each round. */
function ratio(own: readonly Run[], baseline: readonly Run[] | undefined): number | string {
  if (baseline === undefined) return "-";
  return rounded(median(own.map((run, round) => run.perSecond / (baseline[round]?.perSecond ?? Number.NaN))));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
