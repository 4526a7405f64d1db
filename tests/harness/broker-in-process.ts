import { Writable } from "node:stream";
import { pino } from "pino";
import { type Broker, startBroker } from "../../broker/service.ts";
import type { SecretStore } from "../../platform/access/access-ports.ts";
import { readConfig, serviceNames } from "../../platform/config.ts";
import type { LimitName } from "../../platform/limits.ts";
import { openMemoryEvents } from "../../platform/memory/events.ts";
import { openMemoryStream } from "../../platform/memory/stream.ts";
import type { ReadingStream } from "../../platform/ports.ts";
import { openMetrics } from "../../platform/telemetry.ts";

/** The broker in the process of the test, on free ports, with a stream in memory that is emptied as a processor would. */
export interface BrokerInProcess extends Broker {
  readonly mqttPort: number;
  readonly webSocketPort: number;
  /** A metric by one of its labels, or the sum without labels. */
  count(metric: "violations" | "deliveriesDropped" | "limited"): Promise<Readonly<Record<string, number>>>;
  /** How often a limit held somebody back. */
  timesLimited(limit: LimitName): Promise<number>;
  /** Clients connected, as the gauge has it. */
  connections(): Promise<number>;
  /** What was logged at info and above. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
}

export async function startBrokerInProcess(
  settings: Readonly<Record<string, string>> = {},
  replaced: Partial<Pick<ReadingStream, "append">> = {},
  secrets: SecretStore | null = null,
): Promise<BrokerInProcess> {
  const metrics = openMetrics();
  const stream = Object.assign(openMemoryStream({ shards: 1 }), replaced);
  let isStopped = false;
  const emptying = emptyUntil(stream, () => isStopped);
  const logged: Record<string, unknown>[] = [];
  const lines = new Writable({
    write: (chunk: Buffer, _, done) => {
      // Our own log lines.
      logged.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const broker = await startBroker({
    config: readConfig(serviceNames, { MQTT_PORT: "0", MQTT_WS_PORT: "0", SHARDS: "1", ...settings }),
    stream,
    events: openMemoryEvents({ startedMs: 0 }),
    access: null,
    secrets,
    links: null,
    commons: undefined,
    certificate: undefined,
    now: () => Date.now() * 1000,
    log: pino({ level: "info" }, lines),
    metrics,
  });
  return {
    ...broker,
    mqttPort: broker.ports.mqtt,
    webSocketPort: broker.ports.webSocket,
    logged,
    timesLimited: async (limit) => {
      const { values } = await metrics.limited.get();
      return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
    },
    connections: async () => (await metrics.connections.get()).values[0]?.value ?? 0,
    count: async (metric) => {
      const { values } = await metrics[metric].get();
      return Object.fromEntries(
        values.map(({ labels, value }) => [Object.values(labels).join() || "all", value]),
      );
    },
    stop: async () => {
      await broker.stop();
      isStopped = true;
      await emptying;
      await stream.close();
    },
  };
}

async function emptyUntil(stream: ReadingStream, isOver: () => boolean): Promise<void> {
  const shard = await stream.openShard(0);
  while (!isOver()) await shard.acknowledge(await shard.next(1000, 50));
  await shard.close();
}
