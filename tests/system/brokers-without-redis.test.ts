import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BrokerPair, startBrokerPair } from "../harness/broker-pair.ts";
import { until } from "../harness/local-servers.ts";

let pair: BrokerPair;

beforeEach(async () => {
  pair = await startBrokerPair();
});

afterEach(() => pair?.stop());

/** How much is queued for a client. */
async function queueOf(clientId: string): Promise<number> {
  const redis = new Redis(pair.redis.url);
  try {
    return await redis.zcard(`{mqtt}:order:${clientId}`);
  } finally {
    redis.disconnect();
  }
}

async function survive(away: () => Promise<void>, back: () => Promise<void>): Promise<void> {
  const [a, b] = pair.brokers;
  const listener = await pair.connect(a, { clientId: "listener", reconnectPeriod: 100 });
  await listener.client.subscribeAsync("devices/+/messages/#", { qos: 1 });
  const neighbour = await pair.connect(a, { clientId: "neighbour" });
  const kept = await pair.connect(a, { clientId: "kept", clean: false });
  await kept.client.subscribeAsync("devices/kept/messages/#", { qos: 1 });
  await kept.client.endAsync();
  const will = {
    topic: "devices/x/messages/will",
    payload: Buffer.from("gone"),
    qos: 1 as const,
    retain: false,
  };
  await pair.connect(b, { clientId: "stays", will });
  await away();
  await until("both brokers notice", () =>
    pair.brokers.every(({ output }) => output().includes("no sign of life")),
  );

  // A client with a clean session is let in, and speaks with those on the same broker.
  await pair.connect(b, { clientId: "comes-now", will });
  await neighbour.client.publishAsync("devices/n/messages/go", "qos 0", { qos: 0 });
  await until("a neighbour hears", () => listener.said.includes("devices/n/messages/go qos 0 0"));
  // What cannot be kept is not acknowledged.
  await expect(pair.connect(b, { clientId: "kept", clean: false })).rejects.toThrow();
  const refused = await pair.connect(b, { clientId: "refused" });
  let isAcknowledged = false;
  refused.client.publish("devices/kept/messages/go", "1", { qos: 1 }, (error) => {
    isAcknowledged = error === undefined || error === null;
  });
  await until("the connection is closed", () => !refused.client.connected);
  refused.client.end(true);
  expect(isAcknowledged).toBe(false);
  const subscriber = await pair.connect(b, { clientId: "subscriber", clean: true });
  await subscriber.client.subscribeAsync("devices/s/messages/#", { qos: 1 });

  await back();
  await until("both brokers know of each other again", () =>
    pair.brokers.every(({ output }) => output().includes("Redis is back")),
  );
  await pair.acquainted(pair.brokers);
  const { client: sender } = await pair.connect(a, { clientId: "sender" });
  await until("what is published on one is heard on the other", async () => {
    await sender.publishAsync("devices/s/messages/go", "again", { qos: 1 });
    await pause(50);
    return subscriber.said.length > 0;
  });
  await sender.publishAsync("devices/kept/messages/go", "queued", { qos: 1 });
  await until("it is queued", async () => (await queueOf("kept")) === 1);
  const returned = await pair.connect(b, { clientId: "kept", clean: false });
  await until("the kept session is there", () => returned.said.length > 0);
  expect(returned.said).toEqual(["devices/kept/messages/go queued 1"]);
  expect(listener.said.filter((text) => text.includes("will"))).toEqual([]);
  for (const { child, output } of pair.brokers) {
    expect(child.exitCode).toBeNull();
    expect(output()).not.toMatch(/unhandled|uncaught/i);
  }

  // What came while Redis was away is known now: a killed broker's clients are missed.
  await b.kill("SIGKILL");
  await until(
    "the wills of both are heard",
    () => listener.said.filter((text) => text.includes("will")).length === 2,
  );
}

test("brokers outlive a Redis that is killed, refuse what they cannot keep, and go on by themselves", async () => {
  await survive(
    () => pair.redis.stop("SIGKILL"),
    () => pair.redis.start(),
  );
});

test("brokers outlive a Redis that is frozen", async () => {
  await survive(
    async () => void process.kill(pair.redis.pid(), "SIGSTOP"),
    async () => void process.kill(pair.redis.pid(), "SIGCONT"),
  );
});
