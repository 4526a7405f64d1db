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

/** How a metric is declared that needs no more than a name, a sentence and labels. */
function declaring(registry: Registry) {
  const registers = [registry];
  return {
    counter: <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
      new Counter<T>({ name, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
      new Gauge<T>({ name, help, labelNames, registers }),
  };
}

/** Who was let in by the broker, and who was not. */
function accessMetrics({ counter, gauge }: ReturnType<typeof declaring>) {
  return {
    authentications: counter(
      "iot_mqtt_authentications_total",
      "MQTT connections that were let in or refused, by what became of them.",
      ["outcome"],
    ),
    topicsRefused: counter(
      "iot_mqtt_topics_refused_total",
      "Publishes, subscriptions and wills on topics that their sender has no right to.",
      ["action"],
    ),
    accessEnded: counter(
      "iot_mqtt_access_ended_total",
      "MQTT connections that were closed because their right to be there ended.",
      ["cause"],
    ),
    passwordHashes: counter(
      "iot_password_hashes_total",
      "Passwords of devices that had to be hashed to be checked.",
    ),
    passwordsWaiting: gauge(
      "iot_passwords_waiting",
      "Passwords and tokens of devices that wait to be checked.",
    ),
    claims: counter(
      "iot_device_claims_total",
      "Devices that claimed their credentials, by what became of it.",
      ["outcome"],
    ),
  };
}

/** How the broker's connections fare. */
function connectionMetrics({ counter, gauge }: ReturnType<typeof declaring>) {
  return {
    connections: gauge("iot_mqtt_connections", "MQTT clients connected."),
    connectionErrors: counter("iot_mqtt_connection_errors_total", "MQTT connections that ended in an error."),
    violations: counter(
      "iot_mqtt_violations_total",
      "MQTT connections closed for what the specification forbids, by rule.",
      ["rule"],
    ),
    deliveriesDropped: counter(
      "iot_mqtt_deliveries_dropped_total",
      "Messages with QoS 0 that subscribers who do not read did not get.",
    ),
    ...clusterMetrics({ counter, gauge }),
  };
}

/** Of brokers that are not alone. */
function clusterMetrics({ counter, gauge }: ReturnType<typeof declaring>) {
  return {
    peers: gauge("iot_broker_peers", "Other brokers on the same Redis that live, as this one sees them."),
    peerMessagesSent: counter(
      "iot_peer_messages_sent_total",
      "Messages sent to other brokers for their subscribers, once for each of them.",
    ),
    peerMessagesLost: counter(
      "iot_peer_messages_lost_total",
      "Messages for other brokers that Redis did not take; nobody there heard them.",
    ),
    brokersBuried: counter(
      "iot_brokers_buried_total",
      "Dead brokers whose clients and wills this one settled.",
    ),
  };
}

/** Which devices are there, what is wrong with them, and whether they do as they are told. */
function deviceMetrics({ counter, gauge }: ReturnType<typeof declaring>) {
  return {
    devicesConnected: gauge("iot_devices_connected", "Devices connected over MQTT."),
    devicesPruned: counter("iot_devices_pruned_total", "Devices silent for longer than their allowance."),
    alarmChanges: counter("iot_alarm_changes_total", "What happened to alarms, as it was announced.", [
      "change",
    ]),
    ...notificationMetrics({ counter, gauge }),
    commands: counter("iot_commands_total", "Commands to devices, by how far they came.", ["stage"]),
  };
}

/** What detectors find, and whether they have room. */
function detectorMetrics({ counter }: Pick<ReturnType<typeof declaring>, "counter">) {
  return {
    anomalies: counter("iot_anomalies_total", "Readings found unusual, by sensor type.", ["sensor_type"]),
    seriesForgotten: counter(
      "iot_series_forgotten_total",
      "Series that a processor had no more room to remember; each is read anew from history with its next reading.",
    ),
  };
}

/** Whether those are told of alarms who want to be. */
function notificationMetrics({ counter, gauge }: ReturnType<typeof declaring>) {
  return {
    notifications: counter(
      "iot_notifications_total",
      "Attempts to tell of alarms, by channel and outcome: sent, failed (to be tried again) or dead (given up).",
      ["channel", "outcome"],
    ),
    notificationsWaiting: gauge("iot_notifications_waiting", "Notifications that are not sent yet."),
    notificationsDead: gauge("iot_notifications_dead", "Notifications that were given up and not discarded."),
    notificationsOldest: gauge(
      "iot_notifications_oldest_seconds",
      "How long the oldest notification waits that is due or was tried; 0 without one.",
    ),
  };
}

/** Declares every metric of the platform once; a service that does not run leaves its own at zero. */
export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const { counter, gauge } = declaring(registry);
  return {
    registry,
    received: counter(
      "iot_readings_received_total",
      "Readings taken in by the broker and safe in the stream.",
    ),
    rejected: counter("iot_messages_rejected_total", "Messages refused for what they say, by code.", [
      "code",
    ]),
    stored: counter("iot_readings_stored_total", "Readings committed to the database for the first time."),
    duplicates: counter("iot_readings_duplicate_total", "Readings that were stored already."),
    handOverFailures: counter(
      "iot_handover_failures_total",
      "Publishes the stream did not take; their senders got no acknowledgement.",
    ),
    writeRetries: counter("iot_write_retries_total", "Batches that had to be written again."),
    batchSeconds: new Histogram({
      name: "iot_batch_write_seconds",
      help: "Time to commit one batch.",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    streamFullness: gauge(
      "iot_stream_fullness_ratio",
      "How full the stream is; from 0.75 on publishes are held.",
    ),
    publishesHeld: gauge("iot_publishes_held", "Publishes that wait for room in the stream."),
    lag: gauge("iot_stream_lag_entries", "Frames not yet stored, per shard.", ["shard"]),
    ledgerReadings: gauge(
      "iot_ledger_readings",
      "Readings by what became of them: received = stored + duplicate + rejected + in_flight + difference.",
      ["account"],
    ),
    ledgerDifference: gauge(
      "iot_ledger_difference_readings",
      "0; above, readings that were taken in are missing; below, more is stored than was taken in.",
    ),
    ledgerDeviceMismatches: counter(
      "iot_ledger_device_mismatches_total",
      "Devices found with another number of rows than their ledger says.",
    ),
    shardsOwned: gauge("iot_shards_owned", "Shards this processor writes."),
    ...connectionMetrics({ counter, gauge }),
    ...accessMetrics({ counter, gauge }),
    ...deviceMetrics({ counter, gauge }),
    ...detectorMetrics({ counter }),
    httpRefused: counter(
      "iot_http_refused_total",
      "Requests refused for who asked or how, by code; failed logins among them.",
      ["code"],
    ),
    limited: counter("iot_limited_total", "Times that a limit held somebody back, by limit.", ["limit"]),
    certificateExpires: gauge(
      "iot_certificate_expires_timestamp_seconds",
      "When the certificate of the TLS listeners expires, seconds since the epoch; 0 without one.",
    ),
    browsers: gauge("iot_browsers_connected", "Consoles and embedded charts connected."),
  };
}
