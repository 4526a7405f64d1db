import type { TSchema } from "typebox";
import { watchLimit } from "../../schema/event.ts";
import {
  AlarmMessage,
  AnomalyMessage,
  CommandAnswerMessage,
  CommandMessage,
  NotificationMessage,
  NumberedEvent,
  PresenceEvent,
  ReadingsEvent,
  ResumeEvent,
  StatusMessage,
  TelemetryMessage,
  ValueMessage,
  WatchEvent,
} from "../../schema/messages.ts";
import { named, toJsonSchema } from "./json-schema.ts";
import type { Json } from "./openapi.ts";

interface Channel {
  /** MQTT: the topic. Socket.IO: the name of the event. */
  readonly address: string;
  readonly protocol: "mqtt" | "socketio";
  readonly summary: string;
  /** Seen from the platform. */
  readonly direction: "send" | "receive";
  readonly payload: TSchema;
  readonly isRetained?: true;
}

const device = "devices/{device_id}";

/** Every topic and every event, by the name of its message. */
const channels: Readonly<Record<string, Channel>> = {
  telemetry: receive("mqtt", `${device}/telemetry`, [TelemetryMessage, "Readings of a device"]),
  value: receive("mqtt", `${device}/telemetry/{sensor_type}`, [ValueMessage, "One reading of one sensor"]),
  status: {
    ...send("mqtt", `${device}/status`, [StatusMessage, "Whether a device is connected over MQTT"]),
    isRetained: true,
  },
  anomaly: send("mqtt", `${device}/anomalies`, [AnomalyMessage, "An anomaly"]),
  alarm: send("mqtt", `${device}/alarms`, [AlarmMessage, "What happened to an alarm of a device"]),
  groupAlarm: send("mqtt", "alarms/{rule}", [
    AlarmMessage,
    "What happened to an alarm that many devices have",
  ]),
  notification: send("mqtt", "notifications/{topic}", [
    NotificationMessage,
    "What a notification route tells",
  ]),
  command: send("mqtt", `${device}/commands/{name}`, [CommandMessage, "What a device is to do"]),
  commandAnswer: receive("mqtt", `${device}/commands/{name}/answer`, [
    CommandAnswerMessage,
    "What it says of it",
  ]),
  readings: send("socketio", "readings", [ReadingsEvent, "Readings of the devices a browser watches"]),
  event: send("socketio", "event", [
    NumberedEvent,
    "An anomaly, what happened to an alarm, who came or fell silent",
  ]),
  presence: send("socketio", "presence", [PresenceEvent, "Which of the devices watched connected or left"]),
  watch: receive("socketio", "watch", [
    WatchEvent,
    `From now on send the readings of these devices and no others, at most ${watchLimit}`,
  ]),
  resume: receive("socketio", "resume", [ResumeEvent, "Send again what came after this event"]),
};

function send(
  protocol: Channel["protocol"],
  address: string,
  [payload, summary]: [TSchema, string],
): Channel {
  return { address, protocol, summary, direction: "send", payload };
}

function receive(
  protocol: Channel["protocol"],
  address: string,
  [payload, summary]: [TSchema, string],
): Channel {
  return { address, protocol, summary, direction: "receive", payload };
}

/** The document of AsyncAPI 3 for MQTT and Socket.IO. */
export function toAsyncApi({ version, mqtt, web }: { version: string; mqtt: string; web: string }): Json {
  const each = (make: (channel: Channel, name: string) => unknown) =>
    Object.fromEntries(Object.entries(channels).map(([name, channel]) => [name, make(channel, name)]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Tidemark",
      version,
      description:
        "Over MQTT JSON in snake case with ISO timestamps; over Socket.IO as in the HTTP API, with microseconds since the epoch.",
    },
    defaultContentType: "application/json",
    servers: {
      mqtt: { host: mqtt, protocol: "mqtt", description: "MQTT 3.1.1 and 5." },
      socketio: {
        host: web,
        protocol: "ws",
        pathname: "/socket.io",
        description: "Socket.IO, by WebSocket alone.",
      },
    },
    channels: each(({ address, protocol, summary }, name) => ({
      address,
      description: summary,
      servers: [{ $ref: `#/servers/${protocol}` }],
      messages: { [name]: { $ref: `#/components/messages/${name}` } },
      ...parametersOf(address),
    })),
    operations: each(({ direction, summary, protocol, isRetained }, name) => ({
      action: direction,
      channel: { $ref: `#/channels/${name}` },
      summary,
      messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
      ...(protocol === "mqtt" && direction === "send"
        ? { bindings: { mqtt: { qos: 1, retain: isRetained === true } } }
        : {}),
    })),
    components: {
      messages: each(({ payload, summary }, name) => ({ name, summary, payload: toJsonSchema(payload) })),
      schemas: Object.fromEntries([...named].map(([schema, name]) => [name, toJsonSchema(schema, true)])),
    },
  };
}

function parametersOf(address: string): Json {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, {}]);
  return names.length === 0 ? {} : { parameters: Object.fromEntries(names) };
}

/** The channel of a message on this topic, or of an event of Socket.IO; undefined when there is none. */
export function channelOf(address: string, protocol: Channel["protocol"]): string | undefined {
  return Object.keys(channels).find((name) => {
    const channel = channels[name];
    if (channel?.protocol !== protocol) return false;
    const pattern = channel.address.replace("{topic}", ".+").replace(/\{\w+\}/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(address);
  });
}
