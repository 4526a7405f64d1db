import { Duplex } from "node:stream";
import type { AedesPublishPacket, Client } from "aedes";
import { describe, expect, test } from "vitest";
import { openLog, openMetrics } from "../platform/telemetry.ts";
import { Deliveries, deliveredQos, type Granted } from "./delivery.ts";

const MiB = 1024 * 1024;

describe("a message is delivered", () => {
  test.each<[string, { qos: 0 | 1 | 2; granted: Record<string, 0 | 1 | 2> }, number]>([
    ["with its own QoS where more was granted", { qos: 1, granted: { "a/#": 2 } }, 1],
    ["with the granted QoS through a wildcard", { qos: 2, granted: { "a/#": 1 } }, 1],
    ["with QoS 0 where that was granted, also when it is retained", { qos: 1, granted: { "a/+": 0 } }, 0],
    [
      "with the most that any of its filters was granted",
      { qos: 2, granted: { "a/#": 0, "+/b": 2, "#": 1 } },
      2,
    ],
    ["with what its own topic was granted", { qos: 2, granted: { "a/b": 1 } }, 1],
    ["with what a wildcard was granted where that is more", { qos: 2, granted: { "a/b": 0, "a/#": 1 } }, 1],
    [
      "whatever other filters were granted",
      { qos: 2, granted: { "b/#": 0, "+": 0, "a/b/c": 1, "a/#": 2 } },
      2,
    ],
    ["as it was queued when nothing asks for it any more", { qos: 2, granted: { b: 0 } }, 2],
  ])("%s", (_, { qos, granted }, expected) => {
    const subscriptions: Granted = Object.fromEntries(
      Object.entries(granted).map(([filter, most]) => [filter, { qos: most }]),
    );
    expect(deliveredQos(subscriptions, { topic: "a/b", qos })).toBe(expected);
  });

  test("from a queue with QoS 1 at least, for only an acknowledgement ends its wait", () => {
    expect(deliveredQos({ "a/#": { qos: 0 } }, { topic: "a/b", qos: 2, messageId: 7 })).toBe(1);
  });
});

describe("a subscriber that does not read", () => {
  function subscriber(unsentBytes: number) {
    const metrics = openMetrics();
    const deliveries = new Deliveries({ log: openLog({ level: "silent", format: "json" }), metrics });
    const conn = new Duplex();
    conn.on("error", () => undefined);
    Object.defineProperty(conn, "writableLength", { value: unsentBytes });
    // Of Aedes' client the deliveries want no more than this.
    const client = {
      id: "s",
      conn,
      subscriptions: { "#": { qos: 2 }, zero: { qos: 0 } },
    } as unknown as Client;
    const forward = (fields: Partial<AedesPublishPacket>) =>
      deliveries.forward(client, { topic: "a", qos: 0, retain: false, ...fields } as AedesPublishPacket);
    const dropped = async () => (await metrics.deliveriesDropped.get()).values[0]?.value;
    return { conn, forward, dropped };
  }

  test("has everything while little is unsent", async () => {
    const { forward, dropped } = subscriber(2 * MiB);
    expect(forward({ qos: 0 })).toMatchObject({ topic: "a" });
    expect(await dropped()).toBe(0);
  });

  test("misses messages of QoS 0 beyond that, which is counted", async () => {
    const { conn, forward, dropped } = subscriber(2 * MiB + 1);
    expect([forward({ qos: 0 }), forward({ qos: 0 })]).toEqual([null, null]);
    expect(await dropped()).toBe(2);
    expect(forward({ qos: 1 })).toMatchObject({ qos: 1 });
    expect(conn.destroyed).toBe(false);
  });

  test("has what is retained, of which there is one at a time", () => {
    expect(subscriber(3 * MiB).forward({ qos: 0, retain: true })).toMatchObject({ topic: "a" });
  });

  test("is closed when much is unsent and a message must not be missed", () => {
    const { conn, forward } = subscriber(8 * MiB + 1);
    expect(forward({ qos: 0 })).toBeNull();
    expect(conn.destroyed).toBe(false);
    expect(forward({ qos: 1 })).toMatchObject({ qos: 1 });
    expect(conn.destroyed).toBe(true);
  });
});
