import { once } from "node:events";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRedisCommons } from "../../platform/redis/commons.ts";
import { ignore, limits, noHoldings } from "../contracts/broker-places.ts";
import { silent } from "../contracts/samples.ts";
import { type BrokerPair, startBrokerPair } from "../harness/broker-pair.ts";
import { until } from "../harness/local-servers.ts";
import { metricOf } from "../harness/services.ts";

let pair: BrokerPair;

beforeAll(async () => {
  pair = await startBrokerPair();
});

afterAll(() => pair?.stop());

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

test.each([0, 1, 2] as const)(
  "a subscriber on one broker hears a publish on the other with QoS %i",
  async (qos) => {
    const [a, b] = pair.brokers;
    const { client: listener, said } = await pair.connect(a, { clientId: `listener-${qos}` });
    const { client: device } = await pair.connect(b, { clientId: `device-${qos}` });
    const [commands, telemetry] = [`devices/device-${qos}/messages/go`, `devices/device-${qos}/telemetry`];
    await listener.subscribeAsync(["devices/+/messages/#", telemetry], { qos });
    for (const number of numbers(20)) {
      await device.publishAsync(commands, `${number}`, { qos });
      await device.publishAsync(telemetry, `{"temperature":${number}}`, { qos });
    }
    await until("all is heard", () => said.length >= 40);
    const of = (topic: string) => said.filter((text) => text.startsWith(`${topic} `));
    expect(of(commands)).toEqual(numbers(20).map((number) => `${commands} ${number} ${qos}`));
    expect(of(telemetry)).toEqual(
      numbers(20).map((number) => `${telemetry} {"temperature":${number}} ${qos}`),
    );
    await listener.endAsync();
  },
);

test("telemetry that nobody on the other broker can hear is not sent there", async () => {
  const [a, b] = pair.brokers;
  const { client: device } = await pair.connect(b, { clientId: "unheard" });
  const { client: listener } = await pair.connect(a, { clientId: "elsewhere" });
  await listener.subscribeAsync(["devices/other/telemetry", "devices/other/#"], { qos: 1 });
  const before = await metricOf(b, "iot_peer_messages_sent_total");
  for (const number of numbers(50)) {
    await device.publishAsync("devices/unheard/telemetry", `{"temperature":${number}}`, { qos: 1 });
  }
  // Who comes and goes is told to the other; what it publishes is not.
  expect((await metricOf(b, "iot_peer_messages_sent_total")) - before).toBeLessThan(5);
  await listener.endAsync();
});

test("a retained message set on one broker is sent by the other, and gone when it is removed there", async () => {
  const [a, b] = pair.brokers;
  const { client: setter } = await pair.connect(a, { clientId: "setter" });
  const topics = ["devices/r-1/messages/mode", "devices/r-2/messages/mode"];
  const eco = topics.map((topic) => `${topic} eco 1`);
  for (const topic of topics) await setter.publishAsync(topic, "eco", { qos: 1, retain: true });
  const asked = [
    { filter: "devices/r-1/messages/mode", expected: eco.slice(0, 1) },
    { filter: "devices/r-1/#", expected: eco.slice(0, 1) },
    { filter: "devices/+/messages/mode", expected: eco },
    { filter: "#", expected: eco },
  ];
  for (const [place, { filter, expected }] of asked.entries()) {
    const { client: reader, said } = await pair.connect(b, { clientId: `reader-${place}` });
    await reader.subscribeAsync(filter, { qos: 1 });
    await until(`${filter} is answered`, () => said.length >= expected.length);
    expect(said.toSorted()).toEqual(expected);
    await reader.endAsync();
  }
  for (const topic of topics) await setter.publishAsync(topic, "", { qos: 1, retain: true });
  const { client: reader, said } = await pair.connect(b, { clientId: "reader-after" });
  await reader.subscribeAsync("#", { qos: 1 });
  await reader.publishAsync("devices/r-1/messages/end", "", { qos: 1 });
  await until("what is sent after the retained messages is there", () => said.length > 0);
  expect(said).toEqual(["devices/r-1/messages/end  1"]);
  await reader.endAsync();
});

test.each([1, 2] as const)(
  "a kept session moves with its subscriptions and queued QoS %i messages",
  async (qos) => {
    const [a, b] = pair.brokers;
    const [mover, talker] = [`mover-${qos}`, `talker-${qos}`];
    const name = { clientId: mover, clean: false };
    const go = `devices/${mover}/messages/go`;
    const first = await pair.connect(a, name);
    expect(first.isSessionPresent).toBe(false);
    await first.client.subscribeAsync([`devices/${mover}/messages/#`, `devices/${talker}/telemetry`], {
      qos,
    });
    await first.client.endAsync();
    const { client: sender } = await pair.connect(qos === 1 ? a : b, { clientId: talker });
    for (const number of numbers(120)) await sender.publishAsync(go, `${number}`, { qos });
    await sender.publishAsync(`devices/${talker}/telemetry`, `{"temperature":20}`, { qos });

    const second = await pair.connect(b, name);
    expect(second.isSessionPresent).toBe(true);
    await until("what was queued has come", () => second.said.length >= 121);
    expect(second.said).toEqual([
      ...numbers(120).map((number) => `${go} ${number} ${qos}`),
      `devices/${talker}/telemetry {"temperature":20} ${qos}`,
    ]);
    await sender.publishAsync(go, "live", { qos });
    await until("what is live comes too", () => second.said.includes(`${go} live ${qos}`));
    await second.client.endAsync();

    const third = await pair.connect(a, name);
    await sender.publishAsync(go, "last", { qos });
    await until("the last comes", () => third.said.length > 0);
    expect(third.said).toEqual([`${go} last ${qos}`]);
    await third.client.endAsync();
  },
);

test("a session that its client ends on one broker is gone on the other", async () => {
  const [a, b] = pair.brokers;
  const topic = "devices/finisher/messages/go";
  const kept = await pair.connect(a, { clientId: "finisher", clean: false });
  await kept.client.subscribeAsync(topic, { qos: 1 });
  await kept.client.endAsync();
  const clean = await pair.connect(b, { clientId: "finisher", clean: true });
  await clean.client.endAsync();
  const { client: sender } = await pair.connect(a, { clientId: "to-finisher" });
  await sender.publishAsync(topic, "1", { qos: 1 });
  const again = await pair.connect(a, { clientId: "finisher", clean: false });
  expect(again.isSessionPresent).toBe(false);
  await again.client.subscribeAsync("devices/finisher/messages/end", { qos: 1 });
  await sender.publishAsync("devices/finisher/messages/end", "2", { qos: 1 });
  await until("the new subscription works", () => again.said.length > 0);
  expect(again.said).toEqual(["devices/finisher/messages/end 2 1"]);
});

test("a client is let in once its arrival is counted, so that another one after it is later", async () => {
  const redis = new Redis(pair.redis.url);
  await redis.client("PAUSE", 700, "WRITE");
  const from = performance.now();
  const { client } = await pair.connect(pair.brokers[0], { clientId: "counted" });
  expect(performance.now() - from).toBeGreaterThan(600);
  await client.endAsync();
  redis.disconnect();
});

test("a client that connects to the other broker is closed by the first, back and forth", async () => {
  let former = await pair.connect(pair.brokers[0], { clientId: "twin" });
  for (const place of [1, 0, 1] as const) {
    const closed = once(former.client.stream, "close");
    former = await pair.connect(pair.brokers[place], { clientId: "twin" });
    await closed;
    await former.client.publishAsync("devices/twin/telemetry", `{"temperature":20}`, { qos: 1 });
    expect(former.client.connected).toBe(true);
  }
});

test("a client whose arrival elsewhere was told while its first broker was deaf is closed all the same", async () => {
  const former = await pair.connect(pair.brokers[0], { clientId: "moved" });
  const closed = once(former.client.stream, "close");
  // A third broker, which tells Redis of its client and nobody else.
  const commons = await openRedisCommons({ url: pair.redis.url, limits, log: silent });
  const silentOne = await commons.join(ignore);
  await silentOne.beat("1:0:1");
  await silentOne.tell({ ...noHoldings, arrived: ["moved"] });
  let beats = 1;
  const beating = setInterval(() => void silentOne.beat(`${++beats}:0:1`).catch(ignore), 300);
  await closed;
  clearInterval(beating);
  await commons.close();
});

test("a kept session that hears telemetry is queued for by every broker, also by one that starts later", async () => {
  const [a] = pair.brokers;
  const name = { clientId: "archive", clean: false };
  const { client: kept } = await pair.connect(a, name);
  await kept.subscribeAsync("devices/+/telemetry", { qos: 1 });
  await kept.endAsync();
  const late = await pair.start();
  for (const [place, broker] of [...pair.brokers, late].entries()) {
    const { client: device } = await pair.connect(broker, { clientId: `archived-${place}` });
    await device.publishAsync(`devices/archived-${place}/telemetry`, `{"temperature":${place}}`, { qos: 1 });
    await device.endAsync();
  }
  await late.kill("SIGKILL");
  const { client: back, said } = await pair.connect(a, name);
  await until("all three readings come", () => said.length >= 3);
  expect(said.toSorted()).toEqual(
    numbers(3).map((place) => `devices/archived-${place}/telemetry {"temperature":${place}} 1`),
  );
  await back.unsubscribeAsync("devices/+/telemetry");
  await back.endAsync();
});

test("foreign traffic on the same Redis does nothing to who hears everything", async () => {
  const [a, b] = pair.brokers;
  const { client: listener, said } = await pair.connect(a, { clientId: "all-ears" });
  await listener.subscribeAsync("#", { qos: 1 });
  const redis = new Redis(pair.redis.url);
  const channels = (await redis.pubsub("CHANNELS", "*")).map(String);
  expect(channels.length).toBeGreaterThanOrEqual(3);
  const id = crypto.randomUUID();
  const garbage = [
    ...["", "x", "{}", "[9007199254740993,1]", `[1,"${"y".repeat(5000)}",["#","9"]]`, Buffer.alloc(40, 0xff)],
    Buffer.from(`${id}\u0000\u0000\u0000\u0005\u0000`),
    Buffer.concat([Buffer.from(id), Buffer.from([0xff, 0xff, 0xff, 0xff, 0])]),
  ];
  for (const channel of [...channels, "foreign", "devices/a/telemetry", "$SYS/x/new/clients"]) {
    for (const bytes of garbage) await redis.publish(channel, bytes);
  }
  redis.disconnect();
  const { client: device } = await pair.connect(b, { clientId: "still-heard" });
  await device.publishAsync("devices/still-heard/messages/go", "1", { qos: 1 });
  await until("the brokers go on", () => said.length > 0);
  expect(said).toEqual(["devices/still-heard/messages/go 1 1"]);
});
