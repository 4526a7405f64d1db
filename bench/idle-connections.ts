import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createRedis, temporaryFolder } from "../tests/harness/local-servers.ts";
import {
  type BrokerUnderTest,
  residentBytesOf,
  startBareAedes,
  startMosquitto,
  startTidemark,
} from "./brokers.ts";
import { openConnection } from "./mqtt-load.ts";
import { printTable } from "./table.ts";

const warmUp = 500;
const atATime = 100;

/**
 * Memory of a broker per connection that said CONNECT and nothing else, as an operator sees it: what the process has in RAM before
 * and after. The first connections, which load code, are there before; no collection is forced.
 */
export async function idleConnectionsBench(args: readonly string[]): Promise<void> {
  const connections = Number(args[0] ?? 10_000);
  const folder = temporaryFolder("idle");
  const redis = await createRedis(folder);
  await redis.start();
  try {
    const starts = [() => startTidemark(redis.url), startBareAedes, () => startMosquitto(folder)];
    const rows = [];
    for (const start of starts) {
      const broker = await start();
      if (broker === undefined) process.stdout.write("mosquitto is not installed and left out\n");
      else rows.push(await measure(broker, connections));
    }
    const mosquitto = rows.find((row) => row.broker === "mosquitto")?.residentPerConnection;
    const compared = rows.map((row) => ({
      ...row,
      ratioToMosquitto:
        mosquitto === undefined ? "-" : Number((row.residentPerConnection / mosquitto).toFixed(1)),
    }));
    printTable(`${connections.toLocaleString("en-US")} idle connections (bytes in RAM)`, compared);
    process.stdout.write(`${JSON.stringify({ bench: "idle-connections", connections, rows: compared })}\n`);
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(broker: BrokerUnderTest, connections: number) {
  const close: (() => void)[] = [];
  try {
    close.push(...(await connectAll(broker.port, 0, warmUp)));
    const before = await settled(broker);
    const heapBefore = await heapOf(broker);
    close.push(...(await connectAll(broker.port, warmUp, connections)));
    const after = await settled(broker);
    const heapAfter = await heapOf(broker);
    return {
      broker: broker.name,
      residentBefore: before,
      residentAfter: after,
      residentPerConnection: Math.round((after - before) / connections),
      heapPerConnection:
        heapBefore === undefined || heapAfter === undefined
          ? "-"
          : Math.round((heapAfter - heapBefore) / connections),
    };
  } finally {
    for (const end of close) end();
    await broker.stop();
  }
}

/** Opens so many connections, some at a time; answers with how to end each. */
async function connectAll(port: number, from: number, count: number): Promise<(() => void)[]> {
  const close: (() => void)[] = [];
  for (let start = from; start < from + count; start += atATime) {
    const batch = Array.from(
      { length: Math.min(atATime, from + count - start) },
      (_, index) => start + index,
    );
    const opened = await Promise.all(batch.map((index) => openConnection(port, `idle-${index}`)));
    close.push(
      ...opened.map(
        ({ socket }) =>
          () =>
            socket.resetAndDestroy(),
      ),
    );
  }
  return close;
}

const quietSeconds = 10;
const longestSeconds = 60;

/** Memory in RAM once it has not moved by more than one in two hundred for ten seconds; V8 collects by itself when a process is idle. */
async function settled({ pid }: BrokerUnderTest): Promise<number> {
  let last = residentBytesOf(pid);
  let quiet = 0;
  for (let second = 0; quiet < quietSeconds && second < longestSeconds; second += 1) {
    await pause(1000);
    const resident = residentBytesOf(pid);
    quiet = Math.abs(resident - last) < last / 200 ? quiet + 1 : 0;
    if (quiet === 0) last = resident;
  }
  return residentBytesOf(pid);
}

/** The used part of the JavaScript heap, of a broker that tells. */
async function heapOf({ probe }: BrokerUnderTest): Promise<number | undefined> {
  if (probe === undefined) return undefined;
  const text = await (await fetch(`${probe}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]);
}
