import { expect, test } from "vitest";
import { Arrivals } from "./arrival.ts";

const delivery = {
  ...{ clientId: "c", packetId: 7, isRepeated: false, topic: "devices/a/telemetry/temperature" },
  payload: Buffer.from("21.4"),
};
const repeat = { ...delivery, isRepeated: true };

test("times of one device are unique even when the clock stands still", () => {
  const arrivals = new Arrivals(() => 1000);
  expect([
    arrivals.timesOf(delivery, "a", 3),
    arrivals.timesOf({ ...delivery, packetId: 8 }, "a", 1),
  ]).toEqual([1000, 1003]);
  expect(arrivals.timesOf({ ...delivery, packetId: 9 }, "b", 1)).toBe(1000);
});

test("a repeated delivery gets the times of the first one", () => {
  let now = 1000;
  const arrivals = new Arrivals(() => now);
  const first = arrivals.timesOf(delivery, "a", 2);
  now = 5000;
  expect(arrivals.timesOf(repeat, "a", 2)).toBe(first);
});

test("what bears a packet id ten minutes later is a new delivery", () => {
  let now = 1e15;
  const arrivals = new Arrivals(() => now);
  const first = arrivals.timesOf(delivery, "a", 1);
  now += 599e6;
  expect(arrivals.timesOf(repeat, "a", 1)).toBe(first);
  now += 1e6;
  expect(arrivals.timesOf(repeat, "a", 1)).toBe(now);
});

test("after a clock was put back, times are of the clock again", () => {
  let now = 1e15 + 365 * 86_400e6;
  const arrivals = new Arrivals(() => now);
  arrivals.timesOf(delivery, "a", 1);
  now = 1e15;
  expect(arrivals.timesOf({ ...delivery, packetId: 8 }, "a", 2)).toBe(now);
  expect(arrivals.timesOf({ ...delivery, packetId: 9 }, "a", 1)).toBe(now + 2);
});

test("a refused delivery is the same when it is repeated, and another one otherwise", () => {
  let now = 1000;
  const arrivals = new Arrivals(() => now);
  const first = arrivals.identityOf(delivery, "a");
  now = 5000;
  expect(arrivals.identityOf(repeat, "a")).toEqual(first);
  const later = arrivals.identityOf({ ...repeat, packetId: 8 }, "a");
  expect(later.receivedUs).toBe(5000);
  expect(later.id).not.toBe(first.id);
  // What can be read now was not stored before.
  now = 6000;
  expect(arrivals.timesOf(repeat, "a", 1)).toBe(6000);
});

test.each([
  ["another payload", { isRepeated: true, payload: Buffer.from("22") }],
  ["another packet id", { isRepeated: true, packetId: 8 }],
  ["another client", { isRepeated: true, clientId: "d" }],
  ["another topic", { isRepeated: true, topic: "devices/a/telemetry/humidity" }],
  ["another long topic", { isRepeated: true, topic: "x".repeat(1000) }],
  ["no DUP flag", { isRepeated: false }],
])("a delivery with %s is a new one", (_, change) => {
  let now = 1000;
  const arrivals = new Arrivals(() => now);
  arrivals.timesOf(delivery, "a", 1);
  now = 5000;
  expect(arrivals.timesOf({ ...delivery, ...change }, "a", 1)).toBe(5000);
});
