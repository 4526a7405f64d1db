import { readFile } from "node:fs/promises";
import { withAccount } from "./account.ts";
import {
  type Command,
  type FleetCommand,
  helpText,
  type LegacyHttpCommand,
  parseCommand,
  type ReplayCommand,
} from "./command-line.ts";
import { factoryDevices } from "./factory.ts";
import { startFleet } from "./fleet.ts";
import { type LegacyHttpClient, startLegacyHttp } from "./legacy-http.ts";
import { loadCsv, loadMotes } from "./recordings.ts";
import { startReplay } from "./replay.ts";

/** A simulator at work, as the command line sees it. */
interface Work {
  /** One line of counts. */
  report(): string;
  stop(): Promise<void>;
  /** Resolves with the exit code when the work ends by itself; a fleet never does. */
  readonly finished?: Promise<number>;
}

const reportEveryMs = 10_000;

/** The command with who it logs in as. */
async function loggedIn<T extends FleetCommand | ReplayCommand>(command: T): Promise<T> {
  const { account, mqttUrl } = command;
  return account === undefined
    ? command
    : { ...command, mqttUrl: withAccount(mqttUrl, await readFile(account, "utf8")) };
}

function runFleet(command: FleetCommand): Work {
  const fleet = startFleet({ ...command, devices: factoryDevices(command.devices) });
  const { httpUrl, intervalMs } = command;
  const legacy =
    httpUrl === undefined
      ? undefined
      : startLegacyHttp({
          ...command,
          httpUrl,
          deviceId: "legacy-01",
          intervalMs: Math.max(2000, intervalMs),
        });
  return {
    report() {
      const { devices, connected, trouble, ...counts } = fleet.counts();
      const line = `fleet of ${devices}: ${connected} connections, ${told(counts)}`;
      return [line, trouble, legacy && legacyReport(legacy)].filter((part) => part !== undefined).join("; ");
    },
    async stop() {
      await Promise.all([fleet.stop(), legacy?.stop()]);
    },
  };
}

function runLegacyHttp(command: LegacyHttpCommand): Work {
  const client = startLegacyHttp(command);
  return { report: () => legacyReport(client), stop: () => client.stop() };
}

async function runReplay(command: ReplayCommand): Promise<Work> {
  const recording = command.file === undefined ? await loadMotes() : await loadCsv(command.file, command);
  const replay = startReplay({ ...command, readings: recording.readings });
  return {
    report() {
      const { trouble, ...counts } = replay.counts();
      const line = `replay: ${told({ ...counts, skippedLines: recording.skipped })}`;
      return trouble === undefined ? line : `${line}; ${trouble}`;
    },
    stop: () => replay.stop(),
    finished: replay.finished.then(({ readings, acknowledged }) => (acknowledged === readings ? 0 : 1)),
  };
}

function legacyReport(client: LegacyHttpClient): string {
  const { answers, ...counts } = client.counts();
  const statuses = Object.entries(answers).map(([status, count]) => `${count} answered ${status}`);
  return `legacy-http: ${[told(counts), ...statuses].join(", ")}`;
}

function told(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`)
    .join(", ");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function begin(command: Exclude<Command, { kind: "help" | "wrong" }>): Promise<Work> {
  switch (command.kind) {
    case "fleet":
      return runFleet(await loggedIn(command));
    case "legacy-http":
      return runLegacyHttp(command);
    case "replay":
      return runReplay(await loggedIn(command));
  }
}

/** Resolves when somebody wants the program to end: a signal, or the parent that forked it is gone. */
function asked(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(0));
    process.once("disconnect", () => resolve(0));
    // The reader of our lines is gone; without a listener the next line would end us with a stack trace.
    process.stdout.on("error", () => resolve(0));
  });
}

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "help") {
    process.stdout.write(helpText);
    return 0;
  }
  if (command.kind === "wrong") {
    process.stderr.write(`${command.reason}; --help tells more\n`);
    return 2;
  }
  const end = asked();
  const work = await begin(command);
  const reports = setInterval(() => say(work.report()), reportEveryMs);
  const code = await Promise.race([end, work.finished ?? end]);
  clearInterval(reports);
  await work.stop();
  say(work.report());
  return code;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
