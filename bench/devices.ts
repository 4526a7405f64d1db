import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { runLoad } from "./mqtt-load.ts";
import { type Pipe, reached, type Servers, startPipe, withServers } from "./pipe.ts";
import { residentKb } from "./processes.ts";
import { printTable } from "./table.ts";

const connections = 20;
const sizes = [1000, 10_000, 100_000] as const;
const leastReadings = 100_000;

interface Figure {
  readonly devices: number;
  readonly coldPerSecond: number;
  readonly storedPerSecond: number;
  readonly processorKbADevice: number;
  readonly brokerKbADevice: number;
}

/**
 * The rate of the pipe with many devices of one sensor each, beside that with 1000 of the same run; and how much larger the
 * processes are for each device. Each size begins with a round in which every device is heard for the first time, the cold figure.
 */
export async function devicesBench(args: readonly string[]): Promise<void> {
  const readings = Math.max(Number(args[0] ?? leastReadings), leastReadings);
  await withServers(async (servers) => {
    const figures: Figure[] = [];
    for (const devices of sizes) figures.push(await withDevices(servers, devices, readings));
    const few = figures[0]?.storedPerSecond ?? Number.NaN;
    const rows = figures.map((figure) => ({
      ...figure,
      toFew: Number((figure.storedPerSecond / few).toFixed(2)),
    }));
    printTable(`devices (one sensor each, one reading a message, ${connections} connections)`, rows);
    process.stdout.write(`${JSON.stringify({ bench: "devices", readings, rows })}\n`);
  });
}

async function withDevices(servers: Servers, devices: number, readings: number): Promise<Figure> {
  const pipe = await startPipe(servers);
  const sizesKb = () => [pipe.processor, pipe.broker].map(({ child }) => residentKb(child.pid));
  try {
    const empty = sizesKb();
    const coldPerSecond = await round(pipe, {
      devices,
      readings: devices,
      startUs: Date.now() * 1000 - 7200e6,
    });
    const storedPerSecond = await round(pipe, { devices, readings, startUs: Date.now() * 1000 - 3600e6 });
    const [processorKb = 0, brokerKb = 0] = sizesKb().map((kb, place) => kb - (empty[place] ?? 0));
    const each = (kb: number): number => Number((kb / devices).toFixed(1));
    return {
      ...{ devices, coldPerSecond, storedPerSecond },
      ...{ processorKbADevice: each(processorKb), brokerKbADevice: each(brokerKb) },
    };
  } finally {
    await pipe.stop();
  }
}

/** Every device in turn; a device stays with its connection, so that its readings come in order. */
async function round(
  pipe: Pipe,
  { devices, readings, startUs }: { devices: number; readings: number; startUs: number },
): Promise<number> {
  const before = await pipe.stored();
  const ofConnection = devices / connections;
  const load = await runLoad({
    ...{ port: pipe.port, connections, window: 100, messages: readings },
    deviceOf: (connection, index) => `many-${connection + connections * (index % ofConnection)}`,
    topicOf: telemetryTopic,
    payloadOf: (index) => payloadOf(startUs, index),
  });
  const sentAt = performance.now();
  await reached(pipe.stored, before + load.acknowledged);
  return Math.round(load.acknowledged / (load.seconds + (performance.now() - sentAt) / 1000));
}

function payloadOf(startUs: number, index: number): string {
  const value = 22 + ((index * 7919) % 100) / 100;
  return JSON.stringify({ temperature: value, timestamp: formatTimestamp(startUs + index * 1000) });
}
