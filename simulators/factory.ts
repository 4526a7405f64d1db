import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";

/** How a device words its readings; the platform understands all of them. */
export type Shape = "legacy" | "legacy-batch" | "flat" | "flat-batch" | "topic-object" | "topic-number";

export interface FactoryDevice {
  readonly id: string;
  readonly sensorTypes: readonly string[];
  readonly shape: Shape;
}

/** What all sensors of a device said at one instant. */
export interface Snapshot {
  readonly timestampUs: number;
  readonly values: readonly { readonly sensorType: string; readonly value: number }[];
}

/** One MQTT message and how many readings it carries. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly readings: number;
}

const machines: readonly { readonly name: string; readonly sensorTypes: readonly string[] }[] = [
  { name: "press", sensorTypes: ["vibration", "temperature"] },
  { name: "kiln", sensorTypes: ["temperature", "humidity"] },
  { name: "pump", sensorTypes: ["vibration", "pressure"] },
  { name: "compressor", sensorTypes: ["pressure", "temperature", "vibration"] },
  { name: "conveyor", sensorTypes: ["vibration", "temperature"] },
  { name: "cleanroom", sensorTypes: ["temperature", "humidity", "pressure"] },
  { name: "forklift", sensorTypes: ["battery_voltage", "vibration"] },
  { name: "warehouse", sensorTypes: ["temperature", "humidity", "battery_voltage"] },
];
const shapes: readonly Shape[] = [
  "legacy",
  "flat",
  "topic-object",
  "flat-batch",
  "topic-number",
  "legacy-batch",
];

/** Snapshots that a batching device gathers before it speaks. */
export const batchSnapshots = 2;
/** Most snapshots a device puts in one message when it has many to tell: some 6 kB. */
const lateSnapshots = 20;

/** The devices of a factory: `press-01`, `kiln-02` ...; the first n of a larger factory are the factory of n. */
export function factoryDevices(count: number): FactoryDevice[] {
  return Array.from({ length: count }, (_, index) => {
    const machine = machines[index % machines.length];
    return {
      id: `${machine?.name ?? "device"}-${String(index + 1).padStart(2, "0")}`,
      sensorTypes: machine?.sensorTypes ?? [],
      shape: shapes[index % shapes.length] ?? "flat",
    };
  });
}

/**
 * The messages that carry these snapshots, oldest first. A device that sends a bare number only does so `live`:
 * what it tells later carries its time.
 */
export function encodeSnapshots(
  device: FactoryDevice,
  snapshots: readonly Snapshot[],
  live: boolean,
): Message[] {
  const telling = snapshots.filter((snapshot) => snapshot.values.length > 0);
  switch (device.shape) {
    case "legacy":
    case "legacy-batch":
      return bodies(device, telling, legacyBody);
    case "flat":
    case "flat-batch":
      return bodies(device, telling, flatBody);
    case "topic-object":
      return telling.flatMap((snapshot) => perSensor(device.id, snapshot, true));
    case "topic-number":
      return telling.flatMap((snapshot) => perSensor(device.id, snapshot, !live));
  }
}

/** The body of the ancestor's clients. */
export function legacyBody(deviceId: string, { timestampUs, values }: Snapshot): object {
  return {
    device_id: deviceId,
    timestamp: formatTimestamp(timestampUs),
    metrics: values.map(({ sensorType, value }) => ({ type: sensorType, value })),
  };
}

function flatBody(_deviceId: string, { timestampUs, values }: Snapshot): object {
  const named = Object.fromEntries(values.map(({ sensorType, value }) => [sensorType, value]));
  return { ...named, timestamp: formatTimestamp(timestampUs) };
}

function bodies(
  device: FactoryDevice,
  snapshots: readonly Snapshot[],
  toBody: (deviceId: string, snapshot: Snapshot) => object,
): Message[] {
  const messages: Message[] = [];
  for (let from = 0; from < snapshots.length; from += lateSnapshots) {
    const part = snapshots.slice(from, from + lateSnapshots);
    const said = part.map((snapshot) => toBody(device.id, snapshot));
    messages.push({
      topic: telemetryTopic(device.id),
      payload: JSON.stringify(said.length === 1 ? said[0] : said),
      readings: part.reduce((sum, snapshot) => sum + snapshot.values.length, 0),
    });
  }
  return messages;
}

function perSensor(deviceId: string, { timestampUs, values }: Snapshot, dated: boolean): Message[] {
  return values.map(({ sensorType, value }) => ({
    topic: `${telemetryTopic(deviceId)}/${sensorType}`,
    payload: dated ? JSON.stringify({ value, timestamp: formatTimestamp(timestampUs) }) : String(value),
    readings: 1,
  }));
}
