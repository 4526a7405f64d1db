import { expect, test } from "vitest";
import { Rates } from "./rates.ts";
import { TokenBucket } from "./token-bucket.ts";

test("a bucket begins full, and what was taken comes back with time, up to the burst", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([true, true, true, false]);
  expect(bucket.waitMs(1, 0)).toBe(100);
  expect(bucket.take(99)).toBe(false);
  expect(bucket.take(100)).toBe(true);
  expect(bucket.level(60_000)).toBe(3);
});

test("waiting for more than there can be is waiting for a full bucket", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  bucket.spend(3);
  expect(bucket.waitMs(1000, 0)).toBe(300);
});

test("a clock that goes back gives nothing and takes nothing", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 1000);
  expect(bucket.take(1000)).toBe(true);
  expect(bucket.level(0)).toBe(0);
});

test("each key has a flow of its own", () => {
  const rates = new Rates({ perSecond: 1, burst: 1 });
  expect(rates.waitMs("a", 0)).toBe(0);
  expect(rates.waitMs("a", 0)).toBe(1000);
  expect(rates.waitMs("b", 0)).toBe(0);
  expect(rates.waitMs("a", 1000)).toBe(0);
});
