import { describe, expect, test } from "vitest";
import type { Hours } from "./notification.ts";
import { isTimeZone, isWithin, nextOpening } from "./opening-hours.ts";

const workdays = ["monday", "tuesday", "wednesday", "thursday", "friday"] as const;
const office: Hours = { days: [...workdays], from: "08:00", until: "17:30", outside: "hold" };
const night: Hours = { days: ["friday", "saturday"], from: "22:00", until: "06:00", outside: "drop" };
const ms = (iso: string) => Date.parse(iso);
const opening = (hours: Hours, zone: string, iso: string) => {
  const found = nextOpening(hours, zone, ms(iso));
  return found === null ? null : new Date(found).toISOString();
};

describe("hours", () => {
  test.each([
    // Sunday, 29 November 2026.
    ["2026-11-29T12:00:00Z", false],
    ["2026-11-30T06:59:59.999Z", false],
    ["2026-11-30T07:00:00Z", true],
    ["2026-11-30T16:29:59.999Z", true],
    ["2026-11-30T16:30:00Z", false],
  ])("at %s the office in Berlin is open: %s", (at, isOpen) => {
    expect(isWithin(office, "Europe/Berlin", ms(at))).toBe(isOpen);
  });

  test.each([
    ["2026-11-27T21:59:00Z", false],
    ["2026-11-27T22:00:00Z", true],
    ["2026-11-28T05:59:00Z", true],
    ["2026-11-28T06:00:00Z", false],
    ["2026-11-29T05:59:00Z", true],
    // The night of Sunday is not one of them.
    ["2026-11-29T23:00:00Z", false],
    ["2026-11-27T05:00:00Z", false],
  ])("a night belongs to the day it begins on: %s is %s", (at, isOpen) => {
    expect(isWithin(night, "UTC", ms(at))).toBe(isOpen);
  });

  test("24:00 is the end of a day", () => {
    const sunday: Hours = { days: ["sunday"], from: "00:00", until: "24:00", outside: "hold" };
    expect(isWithin(sunday, "UTC", ms("2026-11-29T23:59:59Z"))).toBe(true);
    expect(isWithin(sunday, "UTC", ms("2026-11-30T00:00:00Z"))).toBe(false);
  });
});

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

  test("an opening that the clock leaps over is the one of the next week", () => {
    const gap: Hours = { days: ["sunday"], from: "02:00", until: "03:00", outside: "hold" };
    expect(opening(gap, "Europe/Berlin", "2026-03-28T12:00:00Z")).toBe("2026-04-05T00:00:00.000Z");
  });
});

test("time zones are known by their names", () => {
  expect(["Europe/Berlin", "UTC", "Europe/Tidemark", ""].map(isTimeZone)).toEqual([true, true, false, false]);
});
