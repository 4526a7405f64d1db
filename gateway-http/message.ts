import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import type { Sample } from "../schema/wire.ts";

/** What the broker takes in one message; the form on MQTT is longer than some bodies, so a body can need several. */
export interface MessageLimits {
  /** Of the MQTT packet: a larger one closes the connection that all HTTP devices share. */
  readonly maxBytes: number;
  readonly maxReadings: number;
}

/** One MQTT message of one device. */
export interface Message {
  readonly deviceId: string;
  readonly payload: string;
}

/** The messages that carry samples, in order within a device, each within the limits. */
export function messagesOf(samples: readonly Sample[], limits: MessageLimits): readonly Message[] {
  return [...byDevice(samples)].flatMap(([deviceId, list]) => {
    const maxBytes = limits.maxBytes - headerBytes - Buffer.byteLength(telemetryTopic(deviceId));
    return packed(list, { ...limits, maxBytes }).map((payload) => ({ deviceId, payload }));
  });
}

/** What PUBLISH has beside topic and payload, at most: the fixed header, the length of the topic, the packet id. */
const headerBytes = 5 + 2 + 2;

function byDevice(samples: readonly Sample[]): Map<string, Sample[]> {
  const devices = new Map<string, Sample[]>();
  for (const sample of samples) {
    const list = devices.get(sample.deviceId);
    if (list === undefined) devices.set(sample.deviceId, [sample]);
    else list.push(sample);
  }
  return devices;
}

/** The payloads of a device's samples, each within the limits: all of them in one if it fits, else of each half. */
function packed(samples: readonly Sample[], limits: MessageLimits): string[] {
  const [only] = samples;
  const readings = samples.reduce((sum, sample) => sum + sample.metrics.length, 0);
  const bodies = samples.map(toBody);
  const payload = JSON.stringify(bodies.length === 1 ? bodies[0] : bodies);
  if (readings <= limits.maxReadings && Buffer.byteLength(payload) <= limits.maxBytes) return [payload];
  if (only !== undefined && samples.length === 1) {
    if (only.metrics.length <= 1) return [payload];
    return halves(only.metrics).flatMap((metrics) => packed([{ ...only, metrics }], limits));
  }
  return halves(samples).flatMap((half) => packed(half, limits));
}

function halves<T>(list: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}

/** The legacy shape, which MQTT subscribers of HTTP devices see. */
function toBody({ deviceId, timestampUs, metrics }: Sample) {
  return {
    device_id: deviceId,
    ...(timestampUs === undefined ? {} : { timestamp: formatTimestamp(timestampUs) }),
    metrics: metrics.map(({ sensorType, value }) => ({ type: sensorType, value })),
  };
}
