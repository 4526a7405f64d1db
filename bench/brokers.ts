import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, until } from "../tests/harness/local-servers.ts";
import { portOf, startProgram } from "../tests/harness/program.ts";

/** A broker in a process of its own. */
export interface BrokerUnderTest {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Where `/metrics` is, of those that have it. */
  readonly probe?: string;
  stop(): Promise<void>;
}

export interface TidemarkOptions {
  readonly name?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** The frame gate is left out. */
  readonly isUngated?: boolean;
}

/** Our broker, with its stream in Redis and every other setting at its default. */
export async function startTidemark(
  redisUrl: string,
  { name = "tidemark", settings = {}, isUngated = false }: TidemarkOptions = {},
): Promise<BrokerUnderTest> {
  const program = startProgram(
    ["broker"],
    { REDIS_URL: redisUrl, LOG_LEVEL: "info", ...settings },
    isUngated ? "bench/ungated-broker.js" : "main.js",
  );
  const { mqtt, probe } = await program.ready();
  return {
    name,
    port: portOf(mqtt),
    pid: program.child.pid ?? 0,
    ...(probe === undefined ? {} : { probe }),
    stop: () => program.kill("SIGTERM"),
  };
}

/** Aedes without anything of ours. */
export async function startBareAedes(): Promise<BrokerUnderTest> {
  const child = fork(fileURLToPath(new URL("./bare-aedes.js", import.meta.url)));
  const [port]: unknown[] = await once(child, "message");
  return { name: "bare aedes", port: Number(port), pid: child.pid ?? 0, stop: () => end(child) };
}

/** Mosquitto with nothing written to disk and no limits in the way, or undefined where it is not installed. */
export async function startMosquitto(folder: string): Promise<BrokerUnderTest | undefined> {
  const program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const port = await freePort();
  const settings = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence false",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "log_dest none",
  ];
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `${settings.join("\n")}\n`);
  // Node takes as many descriptors as it may have; others must be told.
  const command = 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"';
  const child = spawn("sh", ["-c", command, program, "-c", file], { stdio: "ignore" });
  await until("mosquitto listens", () => answers(port));
  return { name: "mosquitto", port, pid: child.pid ?? 0, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

let ticksPerSecond: number | undefined;

/** Processor time a process has used so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, second field, is in parentheses and may hold blanks; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory of a process that is in RAM, in bytes. */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
