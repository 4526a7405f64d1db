import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "./local-servers.ts";

// The benchmarks run this file built, the tests as it is; both start the built program.
const built = new URL(import.meta.url.endsWith(".ts") ? "../../dist/" : "../../", import.meta.url);

/** The built program as a process of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** Everything it wrote to stdout and stderr so far. */
  readonly output: () => string;
  /** The addresses of the line "ready": `mqtt`, `http`, `console`, `probe` ... */
  ready(): Promise<Readonly<Record<string, string>>>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Waits for the end; answers with the exit code. */
  exit(): Promise<number | null>;
}

/** Every port free, every other setting at its default. */
export const freePorts = {
  MQTT_PORT: "0",
  MQTT_WS_PORT: "0",
  HTTP_PORT: "0",
  PROBE_PORT: "0",
  LOG_FORMAT: "json",
};

/** As `npm start` and the image start it. */
const nodeOptions = ["--max-semi-space-size=64"];
/** As Compose and Kubernetes start a web service. */
const nodeOptionsOfWeb = ["--max-semi-space-size=8", "--heap-growing-percent=20"];

const lastWordsMs = 500;

/** Starts `node dist/main.js`, or another built file, with these arguments and settings, and no others of ours. */
export function startProgram(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  file = "main.js",
): Program {
  const options = `${args}` === "web" ? nodeOptionsOfWeb : nodeOptions;
  const child = spawn(process.execPath, [...options, fileURLToPath(new URL(file, built)), ...args], {
    env: { PATH: process.env["PATH"], ...freePorts, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const closed = once(child, "close");
  const exit = async (): Promise<number | null> => {
    if (!hasEnded()) await once(child, "exit");
    // Its last words may come after its end; a process it started may hold the pipes for longer.
    await Promise.race([closed, pause(lastWordsMs, undefined, { ref: false })]);
    return child.exitCode;
  };
  return {
    child,
    output: () => output,
    exit,
    ready: async () => {
      await until("the program is ready", () => hasEnded() || readyLine(output) !== undefined, {
        withinMs: 60_000,
      });
      const line = readyLine(output);
      if (line === undefined) throw new Error(`the program ended:\n${output}`);
      return line;
    },
    kill: async (signal) => {
      if (hasEnded()) return;
      child.kill(signal);
      await exit();
    },
  };
}

function readyLine(output: string): Record<string, string> | undefined {
  const line = output.split("\n").find((text) => text.includes('"msg":"ready"'));
  // Our own log line.
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, string>);
}

/** The port in an address such as `mqtt://127.0.0.1:1883`. */
export function portOf(address: string | undefined): number {
  return Number(new URL(address ?? "").port);
}
