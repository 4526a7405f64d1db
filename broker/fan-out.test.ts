import { Aedes, type Client, type PublishPacket } from "aedes";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Ears } from "./ears.ts";
import { passOverUnheard } from "./fan-out.ts";

// What Aedes says of what it publishes; nobody is connected here.
const publisher = { id: "publisher" } as Client;
const listener = { id: "listener", clean: true } as Client;

let aedes: Aedes;
let ears: Ears;
let published: string[];

beforeEach(async () => {
  published = [];
  ears = new Ears();
  aedes = await Aedes.createBroker();
  aedes.on("publish", ({ topic }) => published.push(topic));
  passOverUnheard(aedes, ears);
});
afterEach(() => new Promise<void>((resolve) => aedes.close(() => resolve())));

const packet = (fields: Partial<PublishPacket> = {}): PublishPacket => ({
  ...{ cmd: "publish", topic: "devices/a/telemetry", payload: "21.4", qos: 0, dup: false, retain: false },
  ...fields,
});

/** Publishes as Aedes does for a client, and answers with what came out. */
async function publish(fields: Partial<PublishPacket> = {}): Promise<readonly string[]> {
  published = [];
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    // Its types leave out how it calls itself.
    Reflect.apply(aedes.publish, aedes, [packet(fields), publisher, done]);
  });
  return published;
}

test("telemetry that nobody can hear ends before Aedes looks for subscribers", async () => {
  expect(await publish()).toEqual([]);
});

test("what somebody can hear, wherever, is published", async () => {
  ears.onSubscribe(listener, { topic: "devices/a/telemetry", qos: 0 } as never);
  expect(await publish()).toEqual(["devices/a/telemetry"]);
  expect(await publish({ topic: "devices/b/telemetry" })).toEqual([]);
  ears.onDisconnect(listener);
  expect(await publish()).toEqual([]);
  ears.setPeer("another", ["0*"]);
  expect(await publish({ topic: "devices/b/telemetry" })).toEqual(["devices/b/telemetry"]);
});

test("what is kept, acknowledged by Aedes or no telemetry goes its usual way", async () => {
  expect(await publish({ retain: true })).toEqual(["devices/a/telemetry"]);
  expect(await publish({ qos: 1, messageId: 7 })).toEqual(["devices/a/telemetry"]);
  expect(await publish({ topic: "devices/a/messages/hello" })).toEqual(["devices/a/messages/hello"]);
});
