import type { Packet } from "mqtt-packet";
import { afterEach, expect, test, vi } from "vitest";
import { type BrokerInProcess, startBrokerInProcess } from "../../tests/harness/broker-in-process.ts";
import {
  type ConnectFields,
  enter as enterAt,
  isClosed,
  type Peer,
  publishPacket,
  subscribe,
} from "../../tests/harness/mqtt-peer.ts";

// What clients ask a broker to keep for them, on a whole broker over real sockets.

let broker: BrokerInProcess;
const peers: Peer[] = [];

async function start(settings: Record<string, string>): Promise<void> {
  broker = await startBrokerInProcess(settings);
}

afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await broker.stop();
});

async function enter(clientId: string, fields?: ConnectFields): Promise<Peer> {
  const peer = await enterAt(broker.mqttPort, clientId, fields);
  peers.push(peer);
  return peer;
}

test("filters beyond its number are refused in the SUBACK, and others take their place", async () => {
  await start({ MAX_SUBSCRIPTIONS_PER_CLIENT: "2" });
  const client = await enter("c");
  expect(await subscribe(client, "a")).toEqual([1]);
  expect(await subscribe(client, "b", "c")).toEqual([1, 128]);
  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["a"] });
  await vi.waitFor(() => expect(client.all("unsuback")).toHaveLength(1));
  expect(await subscribe(client, "c", "d")).toEqual([1, 128]);
  expect(await broker.timesLimited("subscriptions")).toBe(2);
});

test("a refused filter is not kept in a session either", async () => {
  await start({ MAX_SUBSCRIPTIONS_PER_CLIENT: "2" });
  const away = await enter("away", { clean: false });
  expect(await subscribe(away, "c")).toEqual([1]);
  expect(await subscribe(away, "a", "b")).toEqual([1, 128]);
  away.socket.destroy();
  const sender = await enter("sender");
  sender.send(publishPacket("a", "1"), publishPacket("b", "2", { messageId: 2 }));
  await vi.waitFor(() => expect(sender.all("puback")).toHaveLength(2));
  const back = await enter("away", { clean: false });
  await vi.waitFor(() => expect(back.all("publish")).toMatchObject([{ topic: "a" }]));
});

test("more filters at once than a client may have end the connection before they cost anything", async () => {
  await start({ MAX_SUBSCRIPTIONS_PER_CLIENT: "3" });
  const client = await enter("greedy");
  client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: ["a", "b", "c", "d"].map((topic) => ({ topic, qos: 0 })),
  });
  await isClosed(client);
  expect(await broker.count("violations")).toEqual({ "filters-many": 1 });
});

test("a message that may not be retained is carried all the same", async () => {
  await start({ MAX_RETAINED_MESSAGES: "2" });
  const [listener, sender] = [await enter("listener"), await enter("sender")];
  await subscribe(listener, "#");
  const topics = ["a", "b", "c"];
  sender.send(
    ...topics.map((topic, place) => publishPacket(topic, "1", { retain: true, messageId: place + 1 })),
  );
  await vi.waitFor(() => expect(listener.all("publish")).toHaveLength(3));
  const late = await enter("late");
  await subscribe(late, "#");
  await vi.waitFor(() => expect(late.all("publish")).toHaveLength(2));
  expect(await broker.timesLimited("retained_messages")).toBe(1);

  sender.send(
    publishPacket("a", "", { retain: true, messageId: 4 }),
    publishPacket("c", "1", { retain: true, messageId: 5 }),
  );
  await vi.waitFor(() => expect(sender.all("puback")).toHaveLength(5));
  const last = await enter("last");
  await subscribe(last, "#");
  await vi.waitFor(() =>
    expect(last.all("publish").map((packet) => "topic" in packet && packet.topic)).toEqual(["b", "c"]),
  );
});

test("a session that is away keeps so many messages", async () => {
  await start({ MAX_QUEUED_MESSAGES: "3" });
  const away = await enter("away", { clean: false });
  await subscribe(away, "news");
  away.socket.destroy();
  const sender = await enter("sender");
  for (const messageId of [1, 2, 3, 4, 5]) sender.send(publishPacket("news", `${messageId}`, { messageId }));
  await vi.waitFor(() => expect(sender.all("puback")).toHaveLength(5));
  const back = await enter("away", { clean: false });
  await vi.waitFor(() => expect(back.all("publish")).toHaveLength(3));
  expect(await broker.timesLimited("queued_messages")).toBe(2);
  // It goes on with what is new, and its queue is as empty as it was.
  const ids = back.all("publish").map(({ messageId }) => messageId);
  back.send(...ids.map((messageId): Packet => ({ cmd: "puback", messageId: messageId ?? 0 })));
  for (const messageId of [6, 7, 8]) sender.send(publishPacket("news", `${messageId}`, { messageId }));
  await vi.waitFor(() => expect(back.all("publish")).toHaveLength(6));
  expect(await broker.timesLimited("queued_messages")).toBe(2);
});

test("a kept session that does not acknowledge goes on hearing what its queue has no room for", async () => {
  await start({ MAX_QUEUED_MESSAGES: "2" });
  const lazy = await enter("lazy", { clean: false });
  await subscribe(lazy, "news");
  const sender = await enter("sender");
  for (const messageId of [1, 2, 3, 4]) sender.send(publishPacket("news", `${messageId}`, { messageId }));
  await vi.waitFor(() => expect(lazy.all("publish")).toHaveLength(4));
  expect(lazy.socket.destroyed).toBe(false);
});

test("beyond the number of sessions the one that is away longest ends", async () => {
  await start({ MAX_SESSIONS: "2" });
  for (const clientId of ["first", "second", "third"]) {
    const client = await enter(clientId, { clean: false });
    await subscribe(client, "news");
    client.send({ cmd: "disconnect" });
    await isClosed(client);
  }
  await vi.waitFor(async () => expect(await broker.timesLimited("sessions")).toBe(1));
  const present = async (clientId: string) => (await enter(clientId, { clean: false })).all("connack");
  await vi.waitFor(async () => expect(await present("third")).toMatchObject([{ sessionPresent: true }]));
  expect(await present("second")).toMatchObject([{ sessionPresent: true }]);
  expect(await present("first")).toMatchObject([{ sessionPresent: false }]);
});

test("QoS 2 messages without PUBREL end the connection at their limit, and over connections too", async () => {
  await start({ MAX_INFLIGHT_MESSAGES: "3" });
  const greedy = await enter("greedy", { clean: false });
  for (const messageId of [1, 2, 3]) greedy.send(publishPacket("a", "1", { qos: 2, messageId }));
  await vi.waitFor(() => expect(greedy.all("pubrec")).toHaveLength(3));
  greedy.socket.destroy();
  const again = await enter("greedy", { clean: false });
  again.send(publishPacket("a", "1", { qos: 2, messageId: 4 }));
  await isClosed(again);
  expect(await broker.timesLimited("inflight")).toBe(1);
  const third = await enter("greedy", { clean: false });
  third.send({ cmd: "pubrel", messageId: 1 });
  await vi.waitFor(() => expect(third.all("pubcomp")).toHaveLength(1));
  third.send(publishPacket("a", "1", { qos: 2, messageId: 5 }));
  await vi.waitFor(() => expect(third.all("pubrec")).toHaveLength(1));
});

test("a topic with too many levels ends the connection", async () => {
  await start({});
  const client = await enter("deep");
  client.send(publishPacket(Array.from({ length: 17 }, () => "a").join("/"), "1"));
  await isClosed(client);
  expect(await broker.timesLimited("topic_levels")).toBe(1);
});
