import type { Client } from "aedes";
import { expect, test } from "vitest";
import { Ears, earOf } from "./ears.ts";

// Only these two are looked at.
const client = (id: string, clean = true) => ({ id, clean }) as Client;
const topicOf = (device: string) => `devices/${device}/telemetry/temperature`;

test.each([
  ["devices/press-01/telemetry", 1, "1press-01"],
  ["devices/press-01/#", 0, "0press-01"],
  ["devices/press-01/commands/#", 1, undefined],
  ["devices/+/telemetry", 2, "1*"],
  ["devices/#", 0, "0*"],
  ["+/press-01/+", 1, "1*"],
  ["#", 1, "1*"],
  ["$SYS/#", 1, undefined],
] as const)("the ear of %s with QoS %i is %s", (filter, qos, ear) => {
  expect(earOf({ filter, qos })).toBe(ear);
});

test("tells when the first ear of a kind opens and the last closes", () => {
  const ears = new Ears();
  const told: string[] = [];
  ears.share((ear, isOpen) => told.push(`${isOpen ? "+" : "-"}${ear}`));
  const [a, b] = [client("a"), client("b")];
  expect(ears.onSubscribe(a, { topic: "devices/x/telemetry", qos: 1 })).toBe(true);
  expect(ears.onSubscribe(b, { topic: "devices/x/#", qos: 1 })).toBe(false);
  expect(ears.onSubscribe(a, { topic: "devices/x/telemetry", qos: 0 })).toBe(true);
  ears.onUnsubscribe(a, ["devices/x/telemetry", "never"]);
  ears.onDisconnect(b);
  expect(told).toEqual(["+1x", "+0x", "-0x", "-1x"]);
});

test("QoS counts while somebody with QoS 1 hears that device, here, elsewhere or in a kept session", () => {
  const ears = new Ears();
  ears.share(() => undefined);
  const needs = () => ["x", "y"].map((device) => ears.needQos(topicOf(device)));
  const a = client("a");
  ears.onSubscribe(a, { topic: "devices/x/#", qos: 1 });
  ears.onSubscribe(a, { topic: "#", qos: 0 });
  expect(needs()).toEqual([true, false]);
  ears.onDisconnect(a);
  ears.keep("kept", [{ filter: "devices/y/telemetry/+", qos: 2 }]);
  expect(needs()).toEqual([false, true]);
  ears.keep("kept", []);
  ears.setPeer("p", ["1*"]);
  expect(needs()).toEqual([true, true]);
  ears.setPeer("p", ["0*"]);
  expect(needs()).toEqual([false, false]);
});

test("telemetry goes to the brokers that have an ear for that device", () => {
  const ears = new Ears();
  ears.setPeer("p", ["0x"]);
  ears.changePeer("q", { opened: ["1*", "1*"], closed: [] });
  expect(ears.peersHearing(topicOf("x"))).toEqual(["p", "q"]);
  ears.changePeer("q", { opened: [], closed: ["1*", "0z"] });
  expect(ears.peersHearing(topicOf("x"))).toEqual(["p"]);
  expect(ears.peersHearing(topicOf("y"))).toEqual([]);
  ears.setPeer("p", undefined);
  expect(ears.peersHearing(topicOf("x"))).toEqual([]);
});

test("alone, a kept session counts for good, since nobody tells when it ends", () => {
  const ears = new Ears();
  const kept = client("kept", false);
  ears.onSubscribe(kept, { topic: "devices/x/telemetry", qos: 1 });
  ears.onDisconnect(kept);
  expect([ears.needQos(topicOf("x")), ears.needQos(topicOf("y"))]).toEqual([true, false]);
});
