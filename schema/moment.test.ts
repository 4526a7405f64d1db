import { expect, test } from "vitest";
import { momentIn, rangeOf } from "./moment.ts";

test.each([
  ["1795341600123456", 1_795_341_600_123_456],
  ["2026-11-22T10:00:00.000123Z", Date.UTC(2026, 10, 22, 10) * 1000 + 123],
  ["2026-11-22", Date.UTC(2026, 10, 22) * 1000],
  ["1795341600123", 1_795_341_600_123_000],
  ["1795341600", 1_795_341_600_000_000],
  ["5", 5e6],
  ["yesterday", undefined],
  ["99999999999999999999", undefined],
])("the moment %s is %s", (text, us) => {
  expect(momentIn(text)).toBe(us);
});

test("a range ends where it says, or now, and never before it begins", () => {
  expect(rangeOf({}, 1000)).toEqual({ fromUs: 0, toUs: 1001 });
  expect(rangeOf({ from: "5", to: "5" }, 1000)).toEqual({ fromUs: 5e6, toUs: 5e6 });
  expect(rangeOf({ from: "6", to: "5" }, 1000)).toBeUndefined();
  expect(rangeOf({ from: "yesterday" }, 1000)).toBeUndefined();
});
