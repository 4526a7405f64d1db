import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { startProgram } from "../tests/harness/program.ts";
import { createTestDatabase } from "../tests/harness/test-database.ts";
import { type BrokerUnderTest, cpuSecondsOf, startTidemark } from "./brokers.ts";
import type { StormOrder, StormReport } from "./connect-storm-worker.ts";
import { startEchoes } from "./echo.ts";
import { type Login, runLoad } from "./mqtt-load.ts";
import { percentilesOf } from "./percentiles.ts";
import { median, type Servers, withServers } from "./pipe.ts";
import { printTable } from "./table.ts";

const connections = 100;
const window = 20;
const rounds = 5;
const seconds = 2;
const echoes = 10;
const stormDevices = 10_000;

/**
 * What the doors cost: the intake with the frame gate and ACCESS=credentials beside the same with ACCESS=open, and with neither; and how
 * long ten thousand devices with passwords, all at once, take to get in: of a broker that knows none of them, and of one that knows
 * them all.
 */
export async function accessBench(args: readonly string[]): Promise<void> {
  const devices = Number(args[0] ?? stormDevices);
  await withServers(async (servers) => {
    const database = await createTestDatabase(servers.databaseUrl);
    const names = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, place) => `${prefix}-${place}`);
    const ids = [...names("bench", connections), ...names("echo", echoes), ...names("storm", devices)];
    const logins = await provision(servers, database.url, ids);
    const settings = { ACCESS: "credentials", DATABASE_URL: database.url };
    const guarded = await startTidemark(servers.redis.url, { name: "credentials", settings });
    const open = await startTidemark(servers.redis.url, { name: "open" });
    const ungated = await startTidemark(servers.redis.url, { name: "open, no frame gate", isUngated: true });
    try {
      const intake = await compareIntake([ungated, open, guarded], servers, (deviceId) =>
        loginIn(logins, deviceId),
      );
      printTable(
        `intake (QoS 1, one reading a message, ${connections} connections, ${window} under way each, median of ${rounds} rounds of ${seconds} s)`,
        intake,
      );
      const own = (prefix: string, count: number) => names(prefix, count).map((id) => loginIn(logins, id));
      const storms = await storm(guarded.port, own("echo", echoes), own("storm", devices));
      printTable(`${devices.toLocaleString("en-US")} devices connect at once with passwords`, storms);
      process.stdout.write(`${JSON.stringify({ bench: "access", intake, storms })}\n`);
    } finally {
      await Promise.all([guarded.stop(), open.stop(), ungated.stop()]);
      await database.drop();
    }
  });
}

function loginIn(logins: ReadonlyMap<string, string>, deviceId: string): Login {
  return { username: deviceId, password: logins.get(deviceId) ?? "" };
}

/** Provisions devices as an operator would, with a list on the command line; answers with their passwords. */
async function provision(
  { folder }: Servers,
  databaseUrl: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const file = join(folder, "devices.csv");
  writeFileSync(file, `device_id\n${ids.join("\n")}\n`);
  const startedMs = performance.now();
  const program = startProgram(["devices", "import", file], { DATABASE_URL: databaseUrl });
  if ((await program.exit()) !== 0) throw new Error(program.output());
  const took = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${ids.length.toLocaleString("en-US")} devices provisioned from a list in ${took} s\n`,
  );
  const lines = program.output().trim().split("\n").slice(1);
  return new Map(lines.map((line) => line.split(",") as [string, string]));
}

interface Run {
  readonly perSecond: number;
  readonly brokerCpuUs: number;
}

/** The brokers take turns, so that whatever else the machine does meets both. */
async function compareIntake(
  brokers: readonly BrokerUnderTest[],
  { redis }: Servers,
  loginOf: (deviceId: string) => Login,
) {
  const runs = new Map<string, Run[]>(brokers.map(({ name }) => [name, []]));
  const startedMs = Date.now() - 3600e3;
  // The first round compiles the code.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, port, pid } of round % 2 === 0 ? brokers : brokers.toReversed()) {
      const before = cpuSecondsOf(pid);
      const load = await runLoad({
        ...{ port, connections, window, seconds, loginOf, messages: connections * 1000 },
        topicOf: (deviceId) => `devices/${deviceId}/telemetry`,
        payloadOf: (index) =>
          JSON.stringify({ temperature: 21.4 + (index % 100) / 100, timestamp: startedMs + index }),
      });
      execFileSync("redis-cli", ["-u", redis.url, "flushall"], { stdio: "ignore" });
      const brokerCpuUs = ((cpuSecondsOf(pid) - before) / load.acknowledged) * 1e6;
      if (round > 0) runs.get(name)?.push({ perSecond: load.acknowledged / load.seconds, brokerCpuUs });
    }
  }
  const base = runs.get(brokers[0]?.name ?? "") ?? [];
  return [...runs].map(([access, own]) => ({
    access,
    pubacksPerSecond: Math.round(median(own.map(({ perSecond }) => perSecond))),
    // The median of the ratios within each round.
    ratioToNeither: rounded(
      median(own.map(({ perSecond }, round) => perSecond / (base[round]?.perSecond ?? Number.NaN))),
    ),
    brokerCpuUsPerMessage: rounded(median(own.map(({ brokerCpuUs }) => brokerCpuUs))),
  }));
}

async function storm(port: number, echoing: readonly Login[], logins: readonly Login[]) {
  const echo = await startEchoes(port, echoing);
  const rows = [];
  try {
    await pause(2000);
    rows.push({ when: "before", secondsUntilAllAreIn: "-", triedAgain: 0, ...echoOf(echo.latenciesUs()) });
    for (const when of ["never seen before", "seen before"]) {
      echo.reset();
      const { seconds: took, again } = await runStorm({ port, logins });
      const report = { secondsUntilAllAreIn: rounded(took), triedAgain: again };
      rows.push({ when, ...report, ...echoOf(echo.latenciesUs()) });
      await pause(2000);
    }
  } finally {
    echo.stop();
  }
  return rows;
}

async function runStorm(order: StormOrder): Promise<StormReport> {
  const worker = new Worker(new URL("./connect-storm-worker.js", import.meta.url), { workerData: order });
  worker.postMessage("go");
  // The only message it has.
  const [report] = (await once(worker, "message")) as [StormReport];
  // Its sockets close with it.
  await worker.terminate();
  return report;
}

function echoOf(latenciesUs: Float64Array) {
  const { samples, p50, p99, most } = percentilesOf(latenciesUs);
  return { echoes: samples, echoP50Ms: p50, echoP99Ms: p99, echoMostMs: most };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
