import { connect as connectTo, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { until } from "./local-servers.ts";

/** A bare MQTT connection that does what it is told and answers nothing by itself. */
export interface Peer {
  readonly socket: Socket;
  readonly received: Packet[];
  send(...packets: Packet[]): void;
  /** The packets of a kind so far. */
  all(cmd: Packet["cmd"]): Packet[];
}

/** A port of this machine, and the address of it that a caller comes from. */
export interface Way {
  readonly port: number;
  readonly localAddress: string;
}

/** Opens a connection on which nothing is said yet. */
export function knock(way: number | Way): Peer {
  const socket = connectTo({
    host: "127.0.0.1",
    noDelay: true,
    ...(typeof way === "number" ? { port: way } : way),
  });
  const packets = parser();
  const received: Packet[] = [];
  packets.on("packet", (packet) => received.push(packet));
  socket.on("data", (chunk) => packets.parse(chunk));
  // Whoever provokes a broker is cut off.
  socket.on("error", () => undefined);
  return {
    socket,
    received,
    send: (...sent) => void socket.write(Buffer.concat(sent.map((packet) => generate(packet)))),
    all: (cmd) => received.filter((packet) => packet.cmd === cmd),
  };
}

export type ConnectFields = Partial<IConnectPacket>;

/** A CONNECT of MQTT 3.1.1 with a clean session. */
export function connectPacket(clientId: string, fields: ConnectFields = {}): IConnectPacket {
  return {
    ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0 },
    clientId,
    ...fields,
  };
}

/** Connects, and waits until it is let in. @throws Error when it is not. */
export async function enter(way: number | Way, clientId: string, fields: ConnectFields = {}): Promise<Peer> {
  const peer = knock(way);
  peer.send(connectPacket(clientId, fields));
  await until(`${clientId} has an answer`, () => peer.all("connack").length > 0 || peer.socket.destroyed, {
    everyMs: 5,
  });
  const [answer] = peer.all("connack");
  if (answer?.cmd !== "connack" || answer.returnCode !== 0) throw new Error(`${clientId} was not let in`);
  return peer;
}

/** Subscribes with QoS 1; answers with what was granted. */
export async function subscribe(peer: Peer, ...filters: string[]): Promise<readonly unknown[]> {
  const before = peer.all("suback").length;
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await until("it is subscribed", () => peer.all("suback").length > before, { everyMs: 5 });
  const last = peer.all("suback").at(-1);
  return last?.cmd === "suback" ? last.granted : [];
}

export interface PublishFields {
  readonly qos?: 0 | 1 | 2;
  readonly messageId?: number;
  readonly retain?: boolean;
}

export function publishPacket(topic: string, payload: string | Buffer, fields: PublishFields = {}): Packet {
  return { cmd: "publish", topic, payload, qos: 1, messageId: 1, dup: false, retain: false, ...fields };
}

export function isClosed({ socket }: Peer): Promise<void> {
  return until("the connection is closed", () => socket.destroyed, { everyMs: 5 });
}
