import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { until } from "./local-servers.ts";

/** A load of QoS 1 readings that remembers which of them were acknowledged. */
export interface Load {
  /** Keys `device/timestampUs` of the readings whose PUBACK came. */
  readonly acknowledged: ReadonlySet<string>;
  /** How many were sent, acknowledged or not. */
  readonly sent: () => number;
  /** Sends nothing more and waits until everything that was sent is acknowledged; then stops. */
  finish(): Promise<void>;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly mqttUrl: string;
  readonly devices: number;
  /** Messages under way at a time, per device. */
  readonly window: number;
  /** Readings in a message; one without. */
  readonly readingsAMessage?: number;
  /** Of so many readings of a device one has a value no sensor can have; none without. */
  readonly impossibleEvery?: number;
  /** How long a device rests after an acknowledgement, so that a long test has a small load; not at all without. */
  readonly restMs?: number;
  /** Called when the connection of a device closes. */
  readonly onClose?: () => void;
}

/** Publishes as fast as acknowledgements come, each reading with a timestamp of its own, until stopped. Reconnects by itself. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { mqttUrl, devices, window, onClose } = options;
  const progress: Progress = { acknowledged: new Set(), sent: 0, state: "sending" };
  const clients: MqttClient[] = [];
  const baseUs = Date.now() * 1000;
  for (let device = 0; device < devices; device += 1) {
    const id = `load-${device}`;
    const client = await connectAsync(mqttUrl, { clientId: id, clean: false, reconnectPeriod: 200 });
    client.on("error", () => undefined);
    client.on("close", () => onClose?.());
    clients.push(client);
    const next = samples(baseUs, options);
    for (let slot = 0; slot < window; slot += 1) void keepSending({ id, client, next, options, progress });
  }
  const stop = async (): Promise<void> => {
    progress.state = "stopped";
    await Promise.all(clients.map((client) => client.endAsync(true).catch(() => undefined)));
  };
  return {
    acknowledged: progress.acknowledged,
    sent: () => progress.sent,
    stop,
    finish: async () => {
      progress.state = "finishing";
      await until("everything sent is acknowledged", () => progress.acknowledged.size === progress.sent);
      await stop();
    },
  };
}

interface Progress {
  readonly acknowledged: Set<string>;
  sent: number;
  state: "sending" | "finishing" | "stopped";
}

interface Slot {
  readonly id: string;
  readonly client: MqttClient;
  readonly next: () => Sample[];
  readonly options: LoadOptions;
  readonly progress: Progress;
}

/** One message after another; what is not acknowledged is sent again, as a device does. */
async function keepSending({ id, client, next, options, progress }: Slot): Promise<void> {
  while (progress.state === "sending") {
    const message = next();
    progress.sent += message.length;
    const payload = JSON.stringify(
      message.map(({ value, timestamp }) => ({ temperature: value, timestamp })),
    );
    while (!(await isAcknowledged(client, `devices/${id}/telemetry`, payload))) {
      if (hasStopped(progress)) return;
      await pause(200);
    }
    for (const { timestampUs } of message) progress.acknowledged.add(`${id}/${timestampUs}`);
    if (options.restMs !== undefined) await pause(options.restMs);
  }
}

// The state changes while we wait, which the compiler does not see.
function hasStopped({ state }: Progress): boolean {
  return state === "stopped";
}

function isAcknowledged(client: MqttClient, topic: string, payload: string): Promise<boolean> {
  return new Promise((resolve) => {
    client.publish(topic, payload, { qos: 1 }, (error) => resolve(!error));
  });
}

interface Sample {
  readonly value: number;
  readonly timestampUs: number;
  readonly timestamp: string;
}

/** The readings of a device, a message at a time. */
function samples(
  baseUs: number,
  { readingsAMessage = 1, impossibleEvery = Number.NaN }: LoadOptions,
): () => Sample[] {
  let sequence = 0;
  return () =>
    Array.from({ length: readingsAMessage }, () => {
      const place = sequence++;
      const timestampUs = baseUs + place;
      const value = place % impossibleEvery === impossibleEvery - 1 ? 9999 : 22 + (place % 10) / 10;
      return { value, timestampUs, timestamp: formatTimestamp(timestampUs) };
    });
}

/** Rows of the load as keys, and how many there are, to be compared with what was acknowledged. */
export const loadRowsQuery = `
  SELECT device_id || '/' || ((extract(epoch FROM ts) * 1000000)::bigint)::text AS key
  FROM readings WHERE device_id LIKE 'load-%'`;

/** The acknowledged keys that are missing, and the keys that are there twice. */
export function compare(acknowledged: ReadonlySet<string>, rows: readonly { key: string }[]) {
  const stored = new Set(rows.map((row) => row.key));
  return {
    missing: [...acknowledged].filter((key) => !stored.has(key)).length,
    doubled: rows.length - stored.size,
  };
}
