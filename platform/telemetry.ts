import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type Log = Logger;

/** Opens the log: JSON lines on stdout, or readable lines on a terminal. */
export function openLog(options: { level: string; format: "auto" | "json" | "pretty" }): Log {
  const readable = options.format === "pretty" || (options.format === "auto" && process.stdout.isTTY);
  const stream = readable ? pretty({ colorize: true, ignore: "pid,hostname", sync: true }) : undefined;
  return stream === undefined ? pino({ level: options.level }) : pino({ level: options.level }, stream);
}

export type Metrics = ReturnType<typeof openMetrics>;

/** Declares every metric of the platform once; a service that does not run leaves its own at zero. */
export function openMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    received: new Counter({
      name: "iot_readings_received_total",
      help: "Readings taken in by the broker and safe in the stream.",
      registers,
    }),
    rejected: new Counter({
      name: "iot_messages_rejected_total",
      help: "Messages refused for what they say, by code.",
      labelNames: ["code"],
      registers,
    }),
    stored: new Counter({
      name: "iot_readings_stored_total",
      help: "Readings committed to the database for the first time.",
      registers,
    }),
    duplicates: new Counter({
      name: "iot_readings_duplicate_total",
      help: "Readings that were stored already.",
      registers,
    }),
    anomalies: new Counter({
      name: "iot_anomalies_total",
      help: "Readings found unusual, by sensor type.",
      labelNames: ["sensor_type"],
      registers,
    }),
    handOverFailures: new Counter({
      name: "iot_handover_failures_total",
      help: "Frames the stream did not take; their senders got no acknowledgement.",
      registers,
    }),
    writeRetries: new Counter({
      name: "iot_write_retries_total",
      help: "Batches that had to be written again.",
      registers,
    }),
    batchSeconds: new Histogram({
      name: "iot_batch_write_seconds",
      help: "Time to commit one batch.",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    lag: new Gauge({
      name: "iot_stream_lag_entries",
      help: "Frames not yet stored, per shard.",
      labelNames: ["shard"],
      registers,
    }),
    shardsOwned: new Gauge({
      name: "iot_shards_owned_count",
      help: "Shards this processor writes.",
      registers,
    }),
    connections: new Gauge({
      name: "iot_mqtt_connections_count",
      help: "MQTT clients connected.",
      registers,
    }),
    connectionErrors: new Counter({
      name: "iot_mqtt_connection_errors_total",
      help: "MQTT connections that ended in an error.",
      registers,
    }),
    browsers: new Gauge({ name: "iot_browsers_connected_count", help: "Consoles connected.", registers }),
    devicesPruned: new Counter({
      name: "iot_devices_pruned_total",
      help: "Devices that fell silent for longer than their allowance.",
      registers,
    }),
  };
}
