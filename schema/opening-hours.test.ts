import { describe, expect, test } from "vitest";
import type { Hours } from "./notification.ts";
import { nextOpening } from "./opening-hours.ts";
import { isTimeZone } from "./schedule.ts";

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

test("time zones are known by their names", () => {
  expect(["Europe/Berlin", "UTC", "Europe/Tidemark", ""].map(isTimeZone)).toEqual([true, true, false, false]);
});
