import { connect as connectTo, type Socket } from "node:net";
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BrokerInProcess, startBrokerInProcess } from "../tests/harness/broker-in-process.ts";
import { until } from "../tests/harness/local-servers.ts";

const topic = "devices/a/messages/on";

let broker: BrokerInProcess;
const sockets: Socket[] = [];

beforeEach(async () => {
  broker = await startBrokerInProcess({ MAX_QUEUED_BYTES: "33554432" });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker.stop();
});

interface Peer {
  readonly socket: Socket;
  send(packet: Packet): void;
  all(cmd: Packet["cmd"]): readonly Packet[];
  publishes(): readonly IPublishPacket[];
  /** Waits until so many of a kind have come. */
  heard(cmd: Packet["cmd"], count?: number): Promise<void>;
}

/** A client that acknowledges nothing by itself. */
async function enter(clientId: string, fields: Partial<IConnectPacket> = {}): Promise<Peer> {
  const socket = connectTo({ port: broker.mqttPort, host: "127.0.0.1", noDelay: true });
  sockets.push(socket);
  const received: Packet[] = [];
  const packets = parser();
  packets.on("packet", (packet) => received.push(packet));
  socket.on("data", (chunk) => packets.parse(chunk));
  socket.on("error", () => undefined);
  const peer: Peer = {
    socket,
    send: (packet) => void socket.write(generate(packet)),
    all: (cmd) => received.filter((packet) => packet.cmd === cmd),
    publishes: () => received.filter((packet) => packet.cmd === "publish"),
    heard: (cmd, count = 1) => {
      const isHeard = () => peer.all(cmd).length >= count;
      return until(`${clientId} has ${count} ${cmd}`, isHeard, { everyMs: 1 });
    },
  };
  peer.send({
    ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0 },
    clientId,
    ...fields,
  });
  await peer.heard("connack");
  return peer;
}

async function subscribe(peer: Peer, filter: string, qos: 0 | 1 | 2): Promise<void> {
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos }] });
  await peer.heard("suback");
}

function areLeft(connections: number): Promise<void> {
  return until(`${connections} are left`, async () => (await broker.connections()) === connections);
}

function publish(fields: Partial<IPublishPacket> = {}): IPublishPacket {
  return { cmd: "publish", topic, payload: "on", qos: 1, messageId: 7, dup: false, retain: false, ...fields };
}

test.each<[0 | 1 | 2, string]>([
  [0, "devices/+/messages/#"],
  [1, "devices/+/messages/#"],
  [1, topic],
])(
  "a subscription that was granted QoS %i through %s gets no more, live and retained",
  async (qos, filter) => {
    const [sender, early] = [await enter("sender"), await enter("early")];
    await subscribe(early, filter, qos);
    sender.send(publish({ qos: 2, retain: true }));
    await sender.heard("pubrec");
    await early.heard("publish");
    expect(early.publishes()).toMatchObject([{ qos, retain: false }]);
    const late = await enter("late");
    await subscribe(late, filter, qos);
    await late.heard("publish");
    expect(late.publishes()).toMatchObject([{ qos, retain: true }]);
  },
);

test("what was sent and not acknowledged comes again as a duplicate, what was only queued does not", async () => {
  const sender = await enter("sender");
  const before = await enter("kept", { clean: false });
  await subscribe(before, "devices/#", 2);
  sender.send(publish({ payload: "sent", qos: 1 }));
  await before.heard("publish", 1);
  sender.send(publish({ payload: "sent twice", qos: 2, messageId: 8 }));
  await before.heard("publish", 2);
  expect(before.publishes().map(({ dup }) => dup)).toEqual([false, false]);
  before.socket.destroy();
  await areLeft(1);
  sender.send(publish({ payload: "queued", messageId: 9 }));
  await sender.heard("puback", 2);

  const after = await enter("kept", { clean: false });
  await after.heard("publish", 3);
  expect(after.publishes().map(({ payload, dup }) => [payload.toString(), dup])).toEqual([
    ["sent", true],
    ["sent twice", true],
    ["queued", false],
  ]);
  const ids = (peer: Peer) => peer.publishes().map(({ messageId }) => messageId);
  expect(ids(after).slice(0, 2)).toEqual(ids(before));
});

test("names with a dollar sign are no way to talk to others", async () => {
  const [sender, listener] = [await enter("sender"), await enter("listener", { clean: false })];
  listener.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [
      { topic: "$share/g/#", qos: 1 },
      { topic: "#", qos: 1 },
    ],
  });
  await listener.heard("suback");
  expect(listener.all("suback")).toMatchObject([{ granted: [128, 1] }]);
  sender.send(publish({ topic: "$share/g/a", retain: true }));
  sender.send(publish({ messageId: 8 }));
  await sender.heard("puback", 2);
  await listener.heard("publish");
  expect(listener.publishes()).toMatchObject([{ topic }]);
});

test("nobody but the broker speaks on $SYS", async () => {
  const sender = await enter("sender");
  sender.send(publish({ topic: "$SYS/broker" }));
  await areLeft(0);
});

test("that a message came to the broker as a duplicate is not passed on", async () => {
  const [sender, listener] = [await enter("sender"), await enter("listener")];
  await subscribe(listener, "#", 1);
  sender.send(publish({ dup: true }));
  await listener.heard("publish");
  expect(listener.publishes()).toMatchObject([{ dup: false, qos: 1 }]);
});

test("a subscriber that stops reading misses messages of QoS 0, and is closed", async () => {
  const [sender, frozen, healthy] = [await enter("sender"), await enter("frozen"), await enter("healthy")];
  await subscribe(frozen, "#", 0);
  await subscribe(healthy, "#", 0);
  frozen.socket.pause();
  const payload = Buffer.alloc(64 * 1024);
  for (let sent = 1; sent <= 300; sent += 1) {
    sender.send(publish({ qos: 0, payload }));
    await healthy.heard("publish", sent);
  }
  expect((await broker.count("deliveriesDropped"))["all"]).toBeGreaterThan(0);
  await areLeft(2);
  expect(broker.logged.map(({ msg, client }) => [msg, client])).toContainEqual([
    "subscriber reads too slowly",
    "frozen",
  ]);
}, 30_000);

test("a subscriber that stops reading holds up nobody whom it hears", async () => {
  const [sender, frozen, healthy] = [await enter("sender"), await enter("frozen"), await enter("healthy")];
  await subscribe(frozen, "#", 1);
  await subscribe(healthy, "#", 1);
  frozen.socket.pause();
  // More than the buffers of its socket take, less than it would be closed for.
  for (let sent = 1; sent <= 100; sent += 1) {
    sender.send(publish({ payload: Buffer.alloc(64 * 1024) }));
    await healthy.heard("publish", sent);
  }
  const burst = Buffer.concat(Array.from({ length: 20 }, () => generate(publish())));
  for (let sent = 120; sent <= 200; sent += 20) {
    sender.socket.write(burst);
    await healthy.heard("publish", sent);
  }
  expect(await broker.connections()).toBe(3);
  await areLeft(2);
}, 30_000);

test("a kept session that stops reading is closed, and gets everything when it is back", async () => {
  const [sender, frozen] = [await enter("sender"), await enter("frozen", { clean: false })];
  await subscribe(frozen, "#", 1);
  frozen.socket.pause();
  const payload = Buffer.alloc(64 * 1024);
  const messages = 300;
  for (let sent = 0; sent < messages; sent += 1) sender.send(publish({ payload, messageId: sent + 1 }));
  await sender.heard("puback", messages);
  await areLeft(1);
  frozen.socket.destroy();
  const back = await enter("frozen", { clean: false });
  await back.heard("publish", messages);
}, 30_000);
