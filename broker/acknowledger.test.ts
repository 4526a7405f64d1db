import { once } from "node:events";
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Acknowledger } from "./acknowledger.ts";
import { Ears } from "./ears.ts";

const topic = "devices/a/telemetry";

let aedes: Aedes;
let server: Server;
/** What Aedes was left with after each publish. */
let published: { topic: string; qos: number }[];

beforeEach(async () => {
  published = [];
  const ears = new Ears();
  const acknowledger = new Acknowledger(ears);
  aedes = await Aedes.createBroker({
    authorizePublish: (client, packet, callback) => {
      acknowledger.acknowledge(client, packet);
      callback(null);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      ears.onSubscribe(client, subscription);
      callback(null, subscription);
    },
    published: (packet, client, callback) => {
      if (client !== null) published.push({ topic: packet.topic, qos: packet.qos });
      callback(null);
    },
  });
  aedes.on("clientDisconnect", (client) => ears.onDisconnect(client));
  server = createServer(aedes.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  await new Promise((resolve) => server.close(resolve));
});

interface Peer {
  readonly socket: Socket;
  readonly received: Packet[];
  send(packet: Packet): void;
  /** The packets of a kind so far. */
  all(cmd: Packet["cmd"]): Packet[];
}

async function connect(clientId: string, { clean = true } = {}): Promise<Peer> {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket = connectTo(port, "127.0.0.1");
  const packets = parser();
  const received: Packet[] = [];
  packets.on("packet", (packet) => received.push(packet));
  socket.on("data", (chunk) => packets.parse(chunk));
  const send = (packet: Packet): void => {
    socket.write(generate(packet));
  };
  const all = (cmd: Packet["cmd"]) => received.filter((packet) => packet.cmd === cmd);
  send({ cmd: "connect", clientId, clean, keepalive: 0, protocolId: "MQTT", protocolVersion: 4 });
  await vi.waitFor(() => expect(all("connack")).toHaveLength(1));
  return { socket, received, send, all };
}

function publish(messageId: number, to = topic): IPublishPacket {
  return { cmd: "publish", topic: to, payload: "21.4", qos: 1, messageId, dup: false, retain: false };
}

async function subscribe(peer: Peer, filter: string, qos: 0 | 1): Promise<void> {
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos }] });
  await vi.waitFor(() => expect(peer.all("suback")).toHaveLength(1));
}

test("acknowledges every message by its id, those beyond one byte too", async () => {
  const device = await connect("a");
  for (const messageId of [1, 255, 256, 65_535]) device.send(publish(messageId));
  await vi.waitFor(() => expect(device.all("puback")).toHaveLength(4));
  expect(device.all("puback").map(({ messageId }) => messageId)).toEqual([1, 255, 256, 65_535]);
  expect(published.map(({ qos }) => qos)).toEqual([0, 0, 0, 0]);
});

test("leaves messages and retained telemetry to Aedes, which acknowledges them once", async () => {
  const device = await connect("a");
  device.send(publish(1, "devices/a/messages/on"));
  device.send({ ...publish(2), retain: true });
  await vi.waitFor(() => expect(device.all("puback")).toHaveLength(2));
  expect(published.map(({ qos }) => qos)).toEqual([1, 1]);
});

test("a subscriber with QoS 0 hears telemetry that Aedes no longer knows as QoS 1", async () => {
  const [device, listener] = [await connect("a"), await connect("listener")];
  await subscribe(listener, "devices/+/telemetry", 0);
  device.send(publish(7));
  await vi.waitFor(() => expect(listener.all("publish")).toMatchObject([{ topic, qos: 0 }]));
  expect(device.all("puback")).toHaveLength(1);
});

test("a subscriber with QoS 1 gets telemetry with QoS 1 while it is there", async () => {
  const [device, listener] = [await connect("a"), await connect("listener")];
  await subscribe(listener, "#", 1);
  device.send(publish(7));
  await vi.waitFor(() => expect(listener.all("publish")).toMatchObject([{ topic, qos: 1 }]));
  expect(device.all("puback")).toHaveLength(1);

  listener.socket.destroy();
  await once(aedes, "clientDisconnect");
  device.send(publish(8));
  await vi.waitFor(() => expect(device.all("puback")).toHaveLength(2));
  expect(published.map(({ qos }) => qos)).toEqual([1, 0]);
});

test("a kept session gets the telemetry it was not there for", async () => {
  const [device, listener] = [await connect("a"), await connect("listener", { clean: false })];
  await subscribe(listener, "devices/a/#", 1);
  listener.socket.destroy();
  await once(aedes, "clientDisconnect");
  device.send(publish(7));
  await vi.waitFor(() => expect(device.all("puback")).toHaveLength(1));

  const back = await connect("listener", { clean: false });
  await vi.waitFor(() => expect(back.all("publish")).toMatchObject([{ topic, qos: 1 }]));
});
