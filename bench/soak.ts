import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { until } from "../tests/harness/local-servers.ts";
import { openConnection, pubackBytes, publishOf } from "./mqtt-load.ts";
import { reached, startPipe, withServers } from "./pipe.ts";
import { residentKb } from "./processes.ts";
import { printTable } from "./table.ts";

const connections = 20;
const devicesAConnection = 50;
const readingsAMessage = 4;
const tickMs = 10;
const sampleMs = 10_000;
/** What the last quarter may have more than the first and still be called flat: V8 lets a heap breathe. */
const flatShare = 0.1;

/**
 * Memory of broker and processor while readings come at a fixed rate, whether they are answered or not. The baseline of the last
 * quarter of the run is its first.
 */
export async function soakBench(args: readonly string[]): Promise<void> {
  const minutes = Number(args[0] ?? 20);
  const rate = Number(args[1] ?? 10_000);
  await withServers(async (servers) => {
    const pipe = await startPipe(servers);
    const processes = { broker: pipe.broker.child.pid, processor: pipe.processor.child.pid };
    const samples: { minute: number; brokerKb: number; processorKb: number }[] = [];
    const stopping = new AbortController();
    try {
      const sending = sendAtRate({ port: pipe.port, rate, signal: stopping.signal });
      const startedMs = performance.now();
      const elapsed = (): number => (performance.now() - startedMs) / 60_000;
      while (elapsed() < minutes) {
        await pause(sampleMs);
        const [brokerKb, processorKb] = [residentKb(processes.broker), residentKb(processes.processor)];
        samples.push({ minute: elapsed(), brokerKb, processorKb });
      }
      stopping.abort();
      const acknowledged = await sending;
      await reached(pipe.stored, acknowledged);
      const stored = await pipe.stored();
      const rows = (["brokerKb", "processorKb"] as const).map((name) => ({
        process: name.replace("Kb", ""),
        ...trend(samples.map((sample) => ({ minute: sample.minute, kb: sample[name] }))),
      }));
      const storedPerSecond = Math.round(stored / (minutes * 60));
      printTable(`soak (${minutes} minutes at ${rate} readings/s)`, rows);
      process.stdout.write(`acknowledged ${acknowledged}, stored ${stored}: ${storedPerSecond} readings/s\n`);
      const isFlat = rows.every(({ ratio }) => ratio <= 1 + flatShare);
      process.stdout.write(
        `${isFlat ? "flat" : "not flat"}: at most ${flatShare * 100} % above the first quarter\n`,
      );
      process.stdout.write(
        `${JSON.stringify({ bench: "soak", minutes, rate, storedPerSecond, isFlat, rows })}\n`,
      );
    } finally {
      stopping.abort();
      await pipe.stop();
    }
  });
}

/** Open loop: what is due is sent, however late the answers are. Resolves to how many readings were sent, once all are acknowledged. */
async function sendAtRate(options: { port: number; rate: number; signal: AbortSignal }): Promise<number> {
  const { port, rate, signal } = options;
  const opened = await Promise.all(
    Array.from({ length: connections }, (_, connection) => openConnection(port, `soak-${connection}`)),
  );
  const sockets = opened.map(({ socket }) => socket);
  let acknowledgedBytes = 0;
  for (const connection of opened)
    connection.hear = (chunk) => {
      acknowledgedBytes += chunk.length;
    };
  const startedMs = performance.now();
  let messages = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - startedMs) / 1000) * (rate / readingsAMessage);
    for (; messages < due; messages += 1) sendOne(sockets, messages);
    await pause(tickMs);
  }
  await until("all is acknowledged", () => acknowledgedBytes >= messages * pubackBytes);
  for (const socket of sockets) socket.destroy();
  return messages * readingsAMessage;
}

function sendOne(sockets: readonly Socket[], message: number): void {
  const connection = message % connections;
  const turn = Math.floor(message / connections);
  const payload = JSON.stringify({
    temperature: 22 + wave(message, 1),
    humidity: 50 + wave(message, 2),
    pressure: 1010 + wave(message, 3),
    vibration: 2 + wave(message, 4) / 4,
    timestamp: formatTimestamp(Date.now() * 1000 + (message % 1000)),
  });
  const deviceId = `soak-${connection}-${turn % devicesAConnection}`;
  sockets[connection]?.write(publishOf(telemetryTopic(deviceId), payload, turn));
}

/** A repeatable disturbance below 1, two digits. */
function wave(message: number, sensor: number): number {
  return ((Math.imul(message + sensor, 0x9e3779b1) >>> 0) % 100) / 100;
}

function trend(samples: readonly { readonly minute: number; readonly kb: number }[]) {
  const quarter = Math.max(1, samples.length >> 2);
  const first = mean(samples.slice(0, quarter).map(({ kb }) => kb));
  const last = mean(samples.slice(-quarter).map(({ kb }) => kb));
  const middle = mean(samples.map(({ minute }) => minute));
  const level = mean(samples.map(({ kb }) => kb));
  const above = samples.reduce((sum, { minute, kb }) => sum + (minute - middle) * (kb - level), 0);
  const below = samples.reduce((sum, { minute }) => sum + (minute - middle) ** 2, 0);
  return {
    firstQuarterKb: Math.round(first),
    lastQuarterKb: Math.round(last),
    ratio: Number((last / first).toFixed(2)),
    slopeKbAMinute: Math.round(above / below),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
