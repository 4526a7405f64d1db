import { expect, test } from "vitest";
import type { OpsAnswer } from "../../../schema/ops.ts";
import { formatTook } from "../parts/took.ts";
import {
  describeAlarmLoad,
  describeConsoles,
  describeTroubles,
  formatRate,
  readingsPerSecond,
} from "./ops-words.ts";

const shard = { shard: 0, received: 0, waiting: 0, frames: 0, behindMs: 0, isOwned: true };
const broker = { id: "b", beatUs: 0, isAlive: true, devices: 3 };
const well: OpsAnswer = {
  ...{
    atUs: 0,
    fullness: 0.01,
    shards: [shard],
    processors: 1,
    writes: null,
    brokers: [broker],
    consoles: 1,
  },
};
const look = (seconds: number, ...received: number[]) => ({
  atUs: seconds * 1e6,
  shards: received.map((count) => ({ ...shard, received: count })),
});

test("readings a second are those of all shards between two looks", () => {
  expect(readingsPerSecond(look(0, 100, 50), look(2, 160, 90))).toBe(50);
  expect(readingsPerSecond(undefined, look(2, 160))).toBeUndefined();
  expect(readingsPerSecond(look(2, 10), look(2, 10))).toBeUndefined();
});

test("nothing is said of the rate when the stream began anew", () => {
  expect(readingsPerSecond(look(0, 100), look(2, 7))).toBeUndefined();
});

test("numbers are as fine as they are of use", () => {
  expect([undefined, 0, 2.345, 1234.5].map(formatRate)).toEqual(["–", "0", "2.3", "1,235"]);
  expect([2.34, 234.5, 2345, 300_000].map(formatTook)).toEqual([
    "2.3\u202fms",
    "235\u202fms",
    "2.3\u202fs",
    "5\u202fmin",
  ]);
});

test("says what is wrong, and nothing when all is well", () => {
  expect(describeTroubles(well)).toEqual([]);
  const unowned = { ...well, shards: [shard, { ...shard, shard: 3, isOwned: false }] };
  expect(describeTroubles(unowned)).toEqual(["Nobody writes shard 3."]);
  expect(describeTroubles({ ...unowned, processors: 0 })).toEqual([
    "No processor runs: readings are taken in and wait.",
  ]);
  expect(describeTroubles({ ...well, fullness: 0.8 })).toEqual([
    "The stream is nearly full: publishes are held.",
  ]);
  expect(describeTroubles({ ...well, fullness: 1 })).toEqual(["The stream is full: publishes are refused."]);
  expect(describeTroubles({ ...well, brokers: [{ ...broker, isAlive: false }] })).toEqual([
    "A broker gives no sign of life.",
  ]);
});

test("counts the consoles that are open, one as one", () => {
  expect(describeConsoles(1)).toBe("open here: 1 console or embedded chart");
  expect(describeConsoles(1200)).toBe("open here: 1,200 consoles and embedded charts");
});

test("the load of alarms stands beside its target, and says when it is above it on the whole", () => {
  expect(describeAlarmLoad({ tenMinutes: 1, hour: 5 })).toBe(
    "in 10\u202fmin, 5 in the last hour. Target: less than 1 in 10\u202fmin for each operator (EEMUA 191).",
  );
  expect(describeAlarmLoad({ tenMinutes: 0, hour: 6 })).toContain("Above the target of less than 1");
  expect(describeAlarmLoad({ tenMinutes: 10, hour: 10 })).toContain("Above the target");
  expect(describeAlarmLoad({ tenMinutes: 11, hour: 11 })).toContain("A flood");
});
