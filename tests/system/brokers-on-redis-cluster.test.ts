import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrokerPair, startBrokerPair } from "../harness/broker-pair.ts";
import { until } from "../harness/local-servers.ts";
import { type RedisCluster, startRedisCluster } from "../harness/redis-cluster.ts";

let cluster: RedisCluster;
let pair: BrokerPair;

beforeAll(async () => {
  cluster = await startRedisCluster();
  pair = await startBrokerPair(cluster.url);
});

afterAll(async () => {
  await pair?.stop();
  await cluster?.stop();
});

test("brokers on a Redis Cluster share what they share on one Redis, also after their master was away", async () => {
  const [a, b] = pair.brokers;
  const kept = { clientId: "kept", clean: false };
  const first = await pair.connect(a, kept);
  await first.client.subscribeAsync("devices/kept/messages/#", { qos: 1 });
  await first.client.endAsync();
  const owner = await cluster.ownerOf("{mqtt}:brokers");
  await owner.server.stop("SIGKILL");
  await until("both brokers notice", () =>
    pair.brokers.every(({ output }) => output().includes("no sign of life")),
  );
  await owner.server.start();
  await cluster.whole();
  await until("both are back", () => pair.brokers.every(({ output }) => output().includes("Redis is back")));
  await pair.acquainted(pair.brokers);

  const listener = await pair.connect(b, { clientId: "listener" });
  await listener.client.subscribeAsync(["devices/+/messages/#", "devices/+/telemetry"], { qos: 1 });
  const will = {
    topic: "devices/d/messages/will",
    payload: Buffer.from("gone"),
    qos: 1 as const,
    retain: false,
  };
  const { client: device } = await pair.connect(a, { clientId: "device", will });
  await until("the listener hears the device", async () => {
    await device.publishAsync("devices/device/telemetry", `{"temperature":20}`, { qos: 1 });
    return listener.said.length > 0;
  });
  await device.publishAsync("devices/kept/messages/go", "1", { qos: 1, retain: true });
  const second = await pair.connect(b, kept);
  await until("what was queued comes", () => second.said.length > 0);
  expect(second.said).toEqual(["devices/kept/messages/go 1 1"]);
  await a.kill("SIGKILL");
  await until("the will is heard", () => listener.said.includes("devices/d/messages/will gone 1"));
});
