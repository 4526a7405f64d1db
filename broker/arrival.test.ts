import { expect, test } from "vitest";
import { Arrivals } from "./arrival.ts";

const delivery = { clientId: "c", packetId: 7, isRepeated: false, payload: Buffer.from("21.4") };

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
  expect(arrivals.timesOf({ ...delivery, isRepeated: true }, "a", 2)).toBe(first);
});

test.each([
  ["another payload", { isRepeated: true, payload: Buffer.from("22") }],
  ["another packet id", { isRepeated: true, packetId: 8 }],
  ["another client", { isRepeated: true, clientId: "d" }],
  ["no DUP flag", { isRepeated: false }],
])("a delivery with %s is a new one", (_, change) => {
  let now = 1000;
  const arrivals = new Arrivals(() => now);
  arrivals.timesOf(delivery, "a", 1);
  now = 5000;
  expect(arrivals.timesOf({ ...delivery, ...change }, "a", 1)).toBe(5000);
});
