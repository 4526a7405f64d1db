import { expect, test } from "vitest";
import { askedPause, pauseAfter } from "./backoff.ts";

test("pauses double from 5 s up to an hour, of which the dice take at most half", () => {
  expect([1, 2, 3, 10, 11, 100].map((attempts) => pauseAfter(attempts, 1))).toEqual([
    ...[5000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000],
  ]);
  expect([1, 11].map((attempts) => pauseAfter(attempts, 0))).toEqual([2500, 1_800_000]);
});

test("a receiver may ask for up to an hour, in seconds", () => {
  expect(["120", "99999999", "0", undefined, "Wed, 21 Oct 2026 07:28:00 GMT", "-1"].map(askedPause)).toEqual([
    ...[120_000, 3_600_000, 0, undefined, undefined, undefined],
  ]);
});
