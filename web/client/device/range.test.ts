import { describe, expect, test } from "vitest";
import {
  between,
  formatBound,
  isOpen,
  parseBound,
  rangeFault,
  rangeOf,
  spanOf,
  typedBound,
} from "./range.ts";

const nowMs = Date.UTC(2026, 10, 29, 12);
const range = (from: string, to: string) => rangeOf(new URLSearchParams({ from, to }));

describe("an end of a range", () => {
  test.each([
    ["now", { kind: "ago", ms: 0 }],
    ["now-6h", { kind: "ago", ms: 21_600_000 }],
    [" NOW - 30d ", { kind: "ago", ms: 2_592_000_000 }],
    ["2026-11-29T10:00:00Z", { kind: "at", atMs: Date.UTC(2026, 10, 29, 10) }],
    ["1795946400000000", { kind: "at", atMs: 1_795_946_400_000 }],
  ])("is read from %j", (text, bound) => {
    expect(parseBound(text)).toEqual(bound);
  });

  test.each(["", "yesterday", "now-6x", "now+1h", "2026-13-45", "12"])("is not read from %j", (text) => {
    expect(parseBound(text)).toBeUndefined();
  });

  test.each(["now", "now-90s", "now-15m", "now-36h", "now-7d", "2026-11-29T10:00:00.250Z"])(
    "%s is written as it was read",
    (text) => {
      const bound = parseBound(text);
      expect(bound && formatBound(bound)).toBe(text);
    },
  );

  test.each(["local", "utc"] as const)("is typed by %s clocks, and read again as the same second", (zone) => {
    const typed = typedBound({ kind: "at", atMs: nowMs }, zone);
    expect(parseBound(typed, zone)).toEqual({ kind: "at", atMs: nowMs });
  });

  test("without a zone is of the one that is shown, also when it is but a day", () => {
    expect(typedBound({ kind: "at", atMs: nowMs }, "utc")).toBe("2026-11-29 12:00:00");
    expect(parseBound("2026-11-29", "utc")).toEqual({ kind: "at", atMs: Date.UTC(2026, 10, 29) });
    expect(parseBound("2026-11-29", "local")).toEqual({ kind: "at", atMs: new Date(2026, 10, 29).getTime() });
    expect(parseBound("2026-11-29T12:00+02:00", "utc")).toEqual({
      kind: "at",
      atMs: Date.UTC(2026, 10, 29, 10),
    });
  });
});

test("an address without a range has the last quarter of an hour", () => {
  expect(rangeOf(new URLSearchParams())).toEqual({
    from: { kind: "ago", ms: 900_000 },
    to: { kind: "ago", ms: 0 },
  });
});

test("a range that ends before it begins is none", () => {
  expect(range("2026-11-29T10:00:00Z", "2026-11-29T09:00:00Z")).toEqual(rangeOf(new URLSearchParams()));
  expect(rangeFault({ from: { kind: "ago", ms: 0 }, to: { kind: "ago", ms: 0 } }, nowMs)).toMatch(/before/);
});

test("a range until now moves with the clock, another does not", () => {
  expect(spanOf(range("now-1h", "now"), nowMs)).toEqual({ fromMs: nowMs - 3_600_000, toMs: nowMs });
  expect(isOpen(range("now-1h", "now"))).toBe(true);
  expect(isOpen(range("now-2h", "now-1h"))).toBe(false);
});

test("what is drawn with the pointer from right to left is the same range", () => {
  expect(between(2000, 9000)).toEqual(between(9000, 2000));
  expect(spanOf(between(5000, 5000), nowMs)).toEqual({ fromMs: 5000, toMs: 6000 });
});
