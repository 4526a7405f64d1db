import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { until } from "./local-servers.ts";

/** A device that says just what it is told to, and acknowledges nothing by itself. */
export interface RawDevice {
  readonly socket: Socket;
  readonly received: readonly Packet[];
  send(packet: Packet): void;
  /** The publishes that came so far. */
  published(): readonly IPublishPacket[];
  subscribe(topic: string, qos?: 0 | 1): Promise<void>;
}

/** Connects and waits for the CONNACK. */
export async function connectRaw(
  port: number,
  clientId: string,
  options: Partial<IConnectPacket> = {},
): Promise<RawDevice> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  const received: Packet[] = [];
  const reader = parser();
  reader.on("packet", (packet) => received.push(packet));
  socket.on("data", (chunk) => reader.parse(chunk));
  const send = (packet: Packet): void => void socket.write(generate(packet));
  const has = (cmd: Packet["cmd"]) => received.some((packet) => packet.cmd === cmd);
  const hello = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    keepalive: 0,
    clean: true,
  } as const;
  send({ ...hello, ...options, clientId });
  await until("the broker lets it in", () => has("connack"), { everyMs: 5 });
  return {
    socket,
    received,
    send,
    published: () => received.filter((packet) => packet.cmd === "publish"),
    async subscribe(topic, qos = 1) {
      send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
      await until("it is subscribed", () => has("suback"), { everyMs: 5 });
    },
  };
}
