import { connectAsync, type MqttClient } from "mqtt";
import { formatTimestamp } from "../../schema/timestamp.ts";

/** A load of QoS 1 readings that remembers which of them were acknowledged. */
export interface Load {
  /** Keys `device/timestampUs` of the readings whose PUBACK came. */
  readonly acknowledged: ReadonlySet<string>;
  /** How many were sent, acknowledged or not. */
  readonly sent: () => number;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly mqttUrl: string;
  readonly devices: number;
  /** Messages under way at a time, per device. */
  readonly window: number;
  /** Called when the connection of a device closes. */
  readonly onClose?: () => void;
}

/** Publishes as fast as acknowledgements come, each reading with a timestamp of its own, until stopped. Reconnects by itself. */
export async function startLoad({ mqttUrl, devices, window, onClose }: LoadOptions): Promise<Load> {
  const acknowledged = new Set<string>();
  const clients: MqttClient[] = [];
  const baseUs = Date.now() * 1000;
  let sent = 0;
  let isStopped = false;
  for (let device = 0; device < devices; device += 1) {
    const id = `load-${device}`;
    const client = await connectAsync(mqttUrl, { clientId: id, clean: false, reconnectPeriod: 200 });
    client.on("error", () => undefined);
    client.on("close", () => onClose?.());
    clients.push(client);
    let sequence = 0;
    const publish = (): void => {
      if (isStopped) return;
      const timestampUs = baseUs + sequence++;
      const payload = JSON.stringify({
        temperature: 22 + (sequence % 10) / 10,
        timestamp: formatTimestamp(timestampUs),
      });
      sent += 1;
      client.publish(`devices/${id}/telemetry`, payload, { qos: 1 }, (error) => {
        if (!error) acknowledged.add(`${id}/${timestampUs}`);
        publish();
      });
    };
    for (let slot = 0; slot < window; slot += 1) publish();
  }
  return {
    acknowledged,
    sent: () => sent,
    stop: async () => {
      isStopped = true;
      await Promise.all(clients.map((client) => client.endAsync(true).catch(() => undefined)));
    },
  };
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
