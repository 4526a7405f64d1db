import { expect, test } from "vitest";
import { rangeOf } from "./history-routes.ts";

const midnightUs = Date.UTC(2026, 0, 1) * 1000;
const nowUs = midnightUs + 5e6;

test.each([
  ["2026-01-01T00:00:00Z", midnightUs],
  ["2026-01-01", midnightUs],
  ["2026-01-01T01:00:00.000001+01:00", midnightUs + 1],
  [String(midnightUs + 1), midnightUs + 1],
])("a range may begin at %s", (from, fromUs) => {
  expect(rangeOf({ from }, nowUs)).toEqual({ fromUs, toUs: nowUs });
});

test.each([
  [{ from: "yesterday" }, /from must be ISO 8601/],
  [{ from: "2026-02-30" }, /from must be ISO 8601/],
  [{ from: "2026-01-01", to: "" }, /to must be ISO 8601/],
  [{ from: "2026-01-02", to: "2026-01-01" }, /must be before/],
  [{ from: "2026-01-01", to: "2026-01-01" }, /must be before/],
])("%j is refused with what is wrong with it", (range, message) => {
  expect(rangeOf(range, nowUs)).toMatch(message);
});

test("a range from before there were readings begins where they may", () => {
  expect(rangeOf({ from: "1970-01-01", to: "1999-01-01" }, nowUs)).toEqual({
    fromUs: Date.UTC(2000, 0, 1) * 1000,
    toUs: Date.UTC(2000, 0, 1) * 1000 + 1,
  });
});
