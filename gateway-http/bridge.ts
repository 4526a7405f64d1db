import { setTimeout as pause } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import { messageOf, PlatformError } from "../platform/errors.ts";
import type { Running } from "../platform/ports.ts";
import type { Log } from "../platform/telemetry.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import type { Sample } from "../schema/wire.ts";

/** How long a PUBACK may take before the HTTP client is told to come again. */
const acknowledgementMs = 5000;

/** The way from HTTP to MQTT. */
export interface Bridge extends Running {
  /** Resolves when the broker is connected, or after `ms`: a door without a broker still answers, with 503. */
  settle(ms: number): Promise<void>;
  /**
   * Publishes the samples of one request, a message a device, with QoS 1; resolves after every PUBACK.
   * @throws PlatformError BROKER_DOWN, retryable. What was sent before may be stored; sending all of it again is harmless for
   * readings with a timestamp.
   */
  publish(samples: readonly Sample[]): Promise<void>;
}

/** Opens the bridge. It connects, and connects again, by itself; until then `publish` refuses. */
export function openBridge({ url, log }: { url: string; log: Log }): Bridge {
  const client = connect(url, {
    clientId: `gateway-http-${crypto.randomUUID()}`,
    clean: true,
    reconnectPeriod: 1000,
    connectTimeout: 5000,
    // Nothing is kept for later: whoever got a 503 must not find the reading stored all the same.
    queueQoSZero: false,
    resubscribe: false,
  });
  client.on("connect", () => log.info("gateway connected to the broker"));
  client.on("error", (error) => log.debug({ reason: error.message }, "gateway connection failed"));
  client.on("close", () => log.debug("gateway connection closed"));
  return {
    async publish(samples) {
      await Promise.all([...byDevice(samples)].map(([deviceId, list]) => publishOne(client, deviceId, list)));
    },
    async settle(ms) {
      const deadline = performance.now() + ms;
      while (!client.connected && performance.now() < deadline) await pause(20);
    },
    stop: () => client.endAsync(true),
  };
}

function byDevice(samples: readonly Sample[]): Map<string, Sample[]> {
  const devices = new Map<string, Sample[]>();
  for (const sample of samples) {
    const list = devices.get(sample.deviceId);
    if (list === undefined) devices.set(sample.deviceId, [sample]);
    else list.push(sample);
  }
  return devices;
}

async function publishOne(client: MqttClient, deviceId: string, samples: readonly Sample[]): Promise<void> {
  if (!client.connected) throw brokerDown("the broker is not connected");
  const bodies = samples.map(toBody);
  const payload = JSON.stringify(bodies.length === 1 ? bodies[0] : bodies);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(brokerDown(`no PUBACK within ${acknowledgementMs} ms`)),
      acknowledgementMs,
    );
  });
  const acknowledged = client.publishAsync(telemetryTopic(deviceId), payload, { qos: 1 });
  // The packet id was allocated in the call above, before anything else could run.
  const packetId = client.getLastMessageId();
  try {
    await Promise.race([acknowledged, late]);
  } catch (cause) {
    // Else the client would send it after the next reconnect, although its sender was told to come again.
    acknowledged.catch(() => undefined);
    client.removeOutgoingMessage(packetId);
    throw cause instanceof PlatformError ? cause : brokerDown(messageOf(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

/** The legacy shape, which MQTT subscribers of HTTP devices see. */
function toBody({ deviceId, timestampUs, metrics }: Sample) {
  return {
    device_id: deviceId,
    ...(timestampUs === undefined ? {} : { timestamp: formatTimestamp(timestampUs) }),
    metrics: metrics.map(({ sensorType, value }) => ({ type: sensorType, value })),
  };
}

function brokerDown(reason: string, cause?: unknown): PlatformError {
  const message = `the reading was not taken: ${reason}; send it again`;
  return new PlatformError("BROKER_DOWN", message, { cause, retryable: true });
}
