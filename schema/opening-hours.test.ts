import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Hours } from "./notification.ts";
import { nextOpening } from "./opening-hours.ts";
import { isTimeZone, newTimetable, weekdays } from "./schedule.ts";

const workdays = ["mon", "tue", "wed", "thu", "fri"] as const;
const office: Hours = { days: [...workdays], from: "08:00", to: "17:30", outside: "hold" };
const ms = (iso: string) => Date.parse(iso);
const opening = (hours: Hours, zone: string, iso: string) => {
  const found = nextOpening(hours, zone, ms(iso));
  return found === null ? null : new Date(found).toISOString();
};

describe("the next opening", () => {
  test.each([
    ["Europe/Berlin", "2026-11-28T12:34:56Z", "2026-11-30T07:00:00.000Z"],
    ["Europe/Berlin", "2026-11-30T06:59:59Z", "2026-11-30T07:00:00.000Z"],
    ["Europe/Berlin", "2026-11-30T10:01:02Z", "2026-11-30T10:01:02.000Z"],
    // Clocks went forward on Sunday, 29 March, and back on Sunday, 25 October.
    ["Europe/Berlin", "2026-03-27T20:00:00Z", "2026-03-30T06:00:00.000Z"],
    ["Europe/Berlin", "2026-10-23T20:00:00Z", "2026-10-26T07:00:00.000Z"],
    ["Asia/Kathmandu", "2026-11-28T12:00:00Z", "2026-11-30T02:15:00.000Z"],
    ["Australia/Lord_Howe", "2026-11-28T12:00:00Z", "2026-11-29T21:00:00.000Z"],
  ])("in %s after %s is %s", (zone, at, expected) => {
    expect(opening(office, zone, at)).toBe(expected);
  });

  test("is told to the minute, and past midnight belongs to the day it began on", () => {
    const night: Hours = { days: ["fri"], from: "22:07", to: "06:30", outside: "hold" };
    expect(opening(night, "UTC", "2026-11-27T22:06:59Z")).toBe("2026-11-27T22:07:00.000Z");
    expect(opening(night, "UTC", "2026-11-28T06:29:59Z")).toBe("2026-11-28T06:29:59.000Z");
    expect(opening(night, "UTC", "2026-11-28T06:30:00Z")).toBe("2026-12-04T22:07:00.000Z");
  });

  test("an opening that the clock leaps over is the one of the next week", () => {
    const gap: Hours = { days: ["sun"], from: "02:00", to: "03:00", outside: "hold" };
    expect(opening(gap, "Europe/Berlin", "2026-03-28T12:00:00Z")).toBe("2026-04-05T00:00:00.000Z");
  });
});

/** What the opening is, by the definition: minute by minute. */
function slowly(hours: Hours, timeZone: string, atMs: number): number | null {
  const isOpen = newTimetable({ ...hours, timeZone });
  if (isOpen(atMs * 1000)) return atMs;
  const first = (Math.floor(atMs / 60_000) + 1) * 60_000;
  for (let at = first; at < first + 8 * 86_400_000; at += 60_000) if (isOpen(at * 1000)) return at;
  return null;
}

test("the next opening is that of looking at every minute, also around a change of the clocks", () => {
  const zone = fc.constantFrom("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu");
  // The changes of these zones in 2026, and the end of a year.
  const changes = [
    "2026-03-08",
    "2026-03-29",
    "2026-04-04",
    "2026-10-03",
    "2026-10-25",
    "2026-11-01",
    "2026-12-31",
  ];
  const at = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -8 * 86_400_000, max: 2 * 86_400_000 }))
    .map(([day, apart]) => ms(day) + apart);
  const clock = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 22, 23), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
  const hours: fc.Arbitrary<Hours> = fc.record({
    days: fc.subarray([...weekdays], { minLength: 1, maxLength: 2 }),
    ...{ from: clock, to: fc.oneof(clock, fc.constant("24:00")), outside: fc.constant("hold" as const) },
  });
  fc.assert(
    fc.property(hours, zone, at, (asked, timeZone, atMs) => {
      expect(nextOpening(asked, timeZone, atMs)).toBe(slowly(asked, timeZone, atMs));
    }),
    { numRuns: 60 },
  );
});

test("clocks are asked a few times for an opening, not once for every quarter of the week", () => {
  const asking = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
  opening(office, "Europe/Berlin", "2026-11-27T16:30:00Z");
  expect(asking.mock.calls.length).toBeLessThan(20);
  asking.mockClear();
  opening(office, "Europe/Berlin", "2026-03-27T20:00:00Z");
  expect(asking.mock.calls.length).toBeLessThan(150);
  asking.mockRestore();
});

test("time zones are known by their names", () => {
  expect(["Europe/Berlin", "UTC", "Europe/Tidemark", ""].map(isTimeZone)).toEqual([true, true, false, false]);
});
