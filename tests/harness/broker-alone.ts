import { pino } from "pino";
import { type Broker, startBroker } from "../../broker/service.ts";
import { readConfig, serviceNames } from "../../platform/config.ts";
import { openMemoryEvents } from "../../platform/memory-events.ts";
import type { ReadingStream } from "../../platform/ports.ts";
import { openMetrics } from "../../platform/telemetry.ts";

/** A whole broker in this process, on free ports; only its stream takes everything and forgets it. */
export interface BrokerAlone extends Broker {
  readonly mqttPort: number;
  readonly webSocketPort: number;
  /** How often a limit held somebody back. */
  timesLimited(limit: string): Promise<number>;
  connections(): Promise<number>;
}

export async function startBrokerAlone(
  settings: Readonly<Record<string, string>>,
  append: ReadingStream["append"] = async () => undefined,
): Promise<BrokerAlone> {
  const metrics = openMetrics();
  const stream: ReadingStream = {
    append,
    openShard: () => Promise.reject(new Error("nobody reads here")),
    tallies: async () => [],
    waiting: async () => [],
    fullness: async () => 0,
    close: async () => undefined,
  };
  const broker = await startBroker({
    config: readConfig(serviceNames, { MQTT_PORT: "0", MQTT_WS_PORT: "0", ...settings }),
    stream,
    events: openMemoryEvents({ startedMs: 0 }),
    access: null,
    links: null,
    commons: undefined,
    certificate: undefined,
    now: () => Date.now() * 1000,
    log: pino({ level: "silent" }),
    metrics,
  });
  return {
    ...broker,
    mqttPort: broker.ports.mqtt,
    webSocketPort: broker.ports.webSocket,
    timesLimited: async (limit) => {
      const { values } = await metrics.limited.get();
      return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
    },
    connections: async () => (await metrics.connections.get()).values[0]?.value ?? 0,
  };
}
