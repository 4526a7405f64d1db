import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { malformedContents } from "../../tests/corpus/contents.ts";
import { malformedFrames } from "../../tests/corpus/framing.ts";
import { greeted, greeting, type Malformed } from "../../tests/corpus/malformed.ts";
import { connect, field, packet, pingreq, raw } from "../../tests/corpus/packets.ts";
import { type BrokerInProcess, startBrokerInProcess } from "../../tests/harness/broker-in-process.ts";

const malformed: readonly Malformed[] = [...malformedFrames, ...malformedContents];
/** What a client reads that is let in. */
const welcome = raw(0x20, 2, 0, 0);
const atATime = 20;

let broker: BrokerInProcess;
let neighbour: MqttClient;
/** How many of the neighbour's own messages came back to it. */
let echoes = 0;
let echoing: Promise<void>;
let isOver = false;

beforeAll(async () => {
  broker = await startBrokerInProcess();
  neighbour = await connectAsync(`mqtt://127.0.0.1:${broker.mqttPort}`, {
    clientId: "neighbour",
    reconnectPeriod: 0,
  });
  await neighbour.subscribeAsync("devices/neighbour/#");
  echoing = echo();
});

afterAll(async () => {
  await neighbour.endAsync(true);
  await broker.stop();
});

/** Sends a reading every few milliseconds and waits for it, until it is over. */
async function echo(): Promise<void> {
  while (!isOver) {
    const heard = nextTopic();
    await neighbour.publishAsync("devices/neighbour/telemetry", '{"temperature":21.4}', { qos: 1 });
    await heard;
    echoes += 1;
    await pause(5);
  }
}

function nextTopic(): Promise<string> {
  return new Promise((resolve) => neighbour.once("message", (topic) => resolve(topic)));
}

/** Says all of it on a connection of its own; answers, once the broker has closed it, with what was heard. */
async function say(bytes: Buffer): Promise<Buffer> {
  const socket = connectTo(broker.mqttPort, "127.0.0.1");
  const heard: Buffer[] = [];
  socket.on("data", (chunk) => heard.push(chunk));
  // A broker that closes with something unread resets the connection.
  socket.on("error", () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(heard);
}

/** Calls for each of a list, some at a time. */
async function forEach<T>(list: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  const left = [...list];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await call(item);
  };
  await Promise.all(Array.from({ length: atATime }, work));
}

function numberOfEach(rules: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const rule of rules) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

test("each of several hundred malformed packets is refused and counted, and nobody else is disturbed", async () => {
  const before = await broker.connections();
  const strange: string[] = [];
  await forEach(malformed, async ({ name, bytes }) => {
    const heard = await say(bytes);
    if (!isExpected(heard, bytes)) strange.push(`${name}: ${heard.toString("hex")}`);
  });
  isOver = true;
  await echoing;
  expect(strange).toEqual([]);
  expect(await broker.count("violations")).toEqual(numberOfEach(malformed.map(({ rule }) => rule)));
  expect(neighbour.connected).toBe(true);
  expect(echoes).toBeGreaterThan(50);
  await vi.waitFor(async () => expect(await broker.connections()).toBe(before));
}, 120_000);

/** Who is let in hears so; who speaks another level hears that; the others hear nothing. Some have left before they could hear. */
function isExpected(heard: Buffer, said: Buffer): boolean {
  const isLetIn = said.length > greeting.length && said.subarray(0, greeting.length).equals(greeting);
  if (isLetIn) return heard.length === 0 || heard.equals(welcome);
  return heard.length === 0 || [1, 2].some((code) => heard.equals(raw(0x20, 2, 0, code)));
}

test("each refusal is one line in the log, with address, rule and clause", async () => {
  const before = broker.logged.length;
  await say(Buffer.concat([connect({ fields: ["corpus"] }), packet(0x32, field("a/+"), raw(0, 7))]));
  expect(broker.logged.slice(before)).toMatchObject([
    {
      msg: "MQTT violated",
      level: 30,
      address: "127.0.0.1",
      client: "corpus",
      rule: "topic-name",
      clause: "MQTT-3.3.2-2",
      reason: "a topic name has a wildcard",
    },
  ]);
});

test("who speaks another level is told so, also when it has more to say", async () => {
  expect(await say(connect({ level: 5 }))).toEqual(raw(0x20, 2, 0, 1));
  expect(await say(Buffer.concat([connect({ level: 5 }), Buffer.alloc(100_000)]))).toEqual(
    raw(0x20, 2, 0, 1),
  );
});

test("a session to keep needs a client id", async () => {
  expect(await say(connect({ flags: 0, fields: [""] }))).toEqual(raw(0x20, 2, 0, 2));
});

test("the will of a client that violates MQTT is sent, for it did not say that it leaves", async () => {
  await neighbour.subscribeAsync("wills/#");
  const heard = nextTopic();
  await say(
    Buffer.concat([connect({ flags: 0x06, fields: ["corpus", "wills/corpus", "gone"] }), raw(0xf0, 0)]),
  );
  expect(await heard).toBe("wills/corpus");
});

test("what a client says behind its CONNECT waits for the answer, be it a thousand messages or a large one", async () => {
  const topic = "devices/eager/telemetry/temperature";
  const messages = Array.from({ length: 3000 }, (_, index) =>
    packet(0x32, field(topic), raw((index + 1) >> 8, (index + 1) & 0xff), Buffer.from(String(index))),
  );
  const large = packet(0x32, field("devices/eager/messages/x"), raw(0xff, 0xff), Buffer.alloc(250_000, 0x20));
  const socket = connectTo(broker.mqttPort, "127.0.0.1");
  socket.write(Buffer.concat([connect(), ...messages, large]));
  let heard = 0;
  socket.on("data", (chunk) => {
    heard += chunk.length;
  });
  await vi.waitFor(() => expect(heard).toBe(welcome.length + 4 * (messages.length + 1)), 30_000);
  socket.destroy();
});

test("a WebSocket has the same gate, and takes no text", async () => {
  const counted = async (): Promise<Readonly<Record<string, number>>> => broker.count("violations");
  const before = await counted();
  const url = `ws://127.0.0.1:${broker.webSocketPort}`;
  const tell = async (bytes: Buffer | string): Promise<void> => {
    const socket = new WebSocket(url, "mqtt");
    await once(socket, "open");
    socket.send(bytes);
    await once(socket, "close", { signal: AbortSignal.timeout(5000) });
  };
  await tell(greeted(raw(0xf0, 0)));
  await tell(connect({ level: 5 }));
  await tell("hello");
  const after = await counted();
  const more = (rule: string): number => (after[rule] ?? 0) - (before[rule] ?? 0);
  expect(["packet-type", "protocol-level", "websocket-frame"].map(more)).toEqual([1, 1, 1]);
});

test("a conversation byte by byte is one like any other", async () => {
  const socket = connectTo(broker.mqttPort, "127.0.0.1");
  socket.setNoDelay(true);
  const heard: Buffer[] = [];
  socket.on("data", (chunk) => heard.push(chunk));
  for (const byte of greeted(packet(0x82, raw(0, 7), field("devices/slow/#"), raw(1)), pingreq)) {
    socket.write(raw(byte));
    await pause(1);
  }
  await vi.waitFor(() =>
    expect(Buffer.concat(heard)).toEqual(Buffer.concat([welcome, raw(0x90, 3, 0, 7, 1), raw(0xd0, 0)])),
  );
  socket.destroy();
});
