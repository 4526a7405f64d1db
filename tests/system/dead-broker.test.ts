import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BrokerPair, startBrokerPair } from "../harness/broker-pair.ts";
import { until } from "../harness/local-servers.ts";
import { metricOf } from "../harness/services.ts";

let pair: BrokerPair;

beforeEach(async () => {
  pair = await startBrokerPair();
});

afterEach(() => pair?.stop());

const willOf = (id: string) => ({
  topic: `devices/${id}/messages/will`,
  payload: Buffer.from("gone"),
  qos: 1 as const,
  retain: false,
});
const spoken = (id: string) => `devices/${id}/messages/will gone 1`;
const within5sMs = 5000;

test("the wills of a killed broker's clients are published within five seconds, once, and not for those that came to the other", async () => {
  const [a, b] = pair.brokers;
  const third = await pair.start();
  await pair.acquainted([a, b, third]);
  const listeners = await Promise.all([
    pair.connect(b, { clientId: "mourner-b" }),
    pair.connect(third, { clientId: "mourner-3" }),
  ]);
  for (const { client } of listeners) await client.subscribeAsync("devices/+/messages/will", { qos: 1 });
  const ids = Array.from({ length: 250 }, (_, place) => `d-${place}`);
  await Promise.all(ids.map((id) => pair.connect(a, { clientId: id, will: willOf(id) })));
  const leaver = await pair.connect(a, { clientId: "leaver", will: willOf("leaver") });
  await leaver.client.endAsync();
  await until("it has left", async () => (await metricOf(a, "iot_mqtt_connections")) === ids.length);
  // Killed before it has told that, it could not be known that there is no will.
  const redis = new Redis(pair.redis.url);
  await until("the others can know", async () => {
    const kept = await Promise.all(
      (await redis.keys("{mqtt}:wills:*")).map((key) => redis.hexists(key, "leaver")),
    );
    return !kept.includes(1);
  });
  redis.disconnect();
  const killedMs = performance.now();
  await a.kill("SIGKILL");
  const [back, ...lost] = ids;
  await pair.connect(third, { clientId: back ?? "", will: willOf(back ?? "") });
  for (const { said } of listeners) await until("every will is heard", () => said.length >= lost.length);
  for (const { said, times } of listeners) {
    expect(Math.max(...times) - killedMs).toBeLessThan(within5sMs);
    expect(said.toSorted()).toEqual(lost.map(spoken).toSorted());
  }
  await pair.acquainted([b, third]);
  for (const { said } of listeners) expect(said).toHaveLength(lost.length);
});

test("a broker that stood still for too long lets its clients connect again, and their wills were spoken once", async () => {
  const [a, b] = pair.brokers;
  const { client: listener, said } = await pair.connect(b, { clientId: "mourner" });
  await listener.subscribeAsync("devices/+/messages/will", { qos: 1 });
  const still = await pair.connect(a, { clientId: "still", will: willOf("still"), reconnectPeriod: 100 });
  const moved = await pair.connect(a, { clientId: "moved", will: willOf("moved") });
  a.child.kill("SIGSTOP");
  await pair.connect(b, { clientId: "moved", will: willOf("moved") });
  await until("the will is heard", () => said.length > 0);
  a.child.kill("SIGCONT");
  await until("its client is closed", () => !moved.client.connected);
  await until("it lives again", () => a.output().includes("taken for dead"));
  await pair.acquainted([a, b]);
  await until("its client is back", () => still.client.connected);
  await still.client.publishAsync("devices/still/telemetry", `{"temperature":20}`, { qos: 1 });
  expect(said).toEqual([spoken("still")]);
});

test("a broker that is stopped leaves the wills of those that do not come back to the other", async () => {
  const [a, b] = pair.brokers;
  const { client: listener, said } = await pair.connect(b, { clientId: "mourner" });
  await listener.subscribeAsync("devices/+/messages/will", { qos: 1 });
  await pair.connect(a, { clientId: "stays-away", will: willOf("stays-away") });
  await pair.connect(a, { clientId: "comes-over", will: willOf("comes-over") });
  await a.kill("SIGTERM");
  expect(await a.exit()).toBe(0);
  await pair.connect(b, { clientId: "comes-over", will: willOf("comes-over") });
  await until("the will is heard", () => said.length > 0);
  await pair.acquainted([b]);
  expect(said).toEqual([spoken("stays-away")]);
});

test("without another broker the next one to start speaks the wills", async () => {
  const [a, b] = pair.brokers;
  await b.kill("SIGKILL");
  await pair.acquainted([a]);
  await pair.connect(a, { clientId: "alone", will: { ...willOf("alone"), retain: true } });
  await a.kill("SIGKILL");
  const next = await pair.start();
  const { client: listener, said } = await pair.connect(next, { clientId: "mourner" });
  await listener.subscribeAsync("devices/+/messages/will", { qos: 1 });
  await until("the will is heard", () => said.length > 0);
  expect(said).toEqual([spoken("alone")]);
});
