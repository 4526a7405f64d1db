import { expect, test } from "vitest";
import { formatBound, type Range } from "./range.ts";
import { rangeOfText, textOfRange } from "./range-text.ts";

const written = (range: Range | undefined) => range && [formatBound(range.from), formatBound(range.to)];
const morning = ["2026-11-29T10:00:00.000Z", "2026-11-29T11:00:00.000Z"];

test.each([
  ["now-6h to now", ["now-6h", "now"]],
  ["2026-11-29T10:00:00.000Z to 2026-11-29T11:00:00.000Z", morning],
  ["2026-11-29T10:00:00Z/2026-11-29T11:00:00Z", morning],
  ["2026-11-29T12:00:00+02:00 – 2026-11-29T11:00Z", morning],
  ["2026-11-29T10:00:00Z\t2026-11-29T11:00:00Z\n", morning],
  ['{"from":"now-6h","to":"now"}', ["now-6h", "now"]],
  ["http://127.0.0.1:8080/devices/oven-1?s=temperature&from=now-1h&live=1", ["now-1h", "now"]],
  [
    "https://console.example/devices/oven-1?from=2026-11-29T10%3A00%3A00.000Z&to=2026-11-29T11%3A00%3A00.000Z",
    morning,
  ],
])("%j is a range", (text, ends) => {
  expect(written(rangeOfText(text))).toEqual(ends);
});

test.each(["", "now-6h", "a to b", "now to now to now", '{"from":1,"to":2}', "{", "half past ten / eleven"])(
  "%j is none",
  (text) => {
    expect(rangeOfText(text)).toBeUndefined();
  },
);

test("moments without a zone are read by the clocks that are shown", () => {
  expect(written(rangeOfText("2026-11-29 10:00 to 2026-11-29 11:00", "utc"))).toEqual(morning);
});

test("what is copied is the range again when it is pasted", () => {
  for (const text of ["now-90s to now", morning.join(" to ")]) {
    const range = rangeOfText(text);
    expect(range && textOfRange(range)).toBe(text);
  }
});
