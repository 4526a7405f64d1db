import { expect, test } from "vitest";
import { clocksOf, newTimetable, weekdays } from "./schedule.ts";

const us = (iso: string): number => Date.parse(iso) * 1000;

test("the clocks of a zone are ahead by what they are ahead at that moment", () => {
  expect(clocksOf("Europe/Berlin")?.(us("2026-01-10T12:00:30Z"))).toBe(3600e6);
  expect(clocksOf("Europe/Berlin")?.(us("2026-07-10T12:00:30Z"))).toBe(7200e6);
  expect(clocksOf("America/New_York")?.(us("2026-07-10T00:10:00Z"))).toBe(-4 * 3600e6);
  expect(clocksOf("Asia/Kathmandu")?.(us("2026-07-10T00:10:00Z"))).toBe(5.75 * 3600e6);
  expect(clocksOf("Mars/Olympus")).toBeUndefined();
});

test("working hours begin and end with the clock on the wall, in summer and in winter", () => {
  const isDue = newTimetable({
    timeZone: "Europe/Berlin",
    days: ["mon", "tue", "wed", "thu", "fri"],
    ...{ from: "08:00", to: "18:00" },
  });
  // A Friday in winter, a Friday in summer, a Saturday.
  const asked = [
    ...["2026-01-09T06:59:59.999Z", "2026-01-09T07:00:00Z", "2026-01-09T16:59:59Z", "2026-01-09T17:00:00Z"],
    ...["2026-07-10T05:59:59Z", "2026-07-10T06:00:00Z", "2026-07-11T09:00:00Z"],
  ];
  expect(asked.map((iso) => isDue(us(iso)))).toEqual([false, true, true, false, false, true, false]);
});

test("a night belongs to the day it begins on", () => {
  const isDue = newTimetable({ timeZone: "UTC", days: ["sat"], from: "22:00", to: "06:00" });
  const asked = [
    "2026-01-10T21:59:00Z",
    "2026-01-10T22:00:00Z",
    "2026-01-11T05:59:00Z",
    "2026-01-11T06:00:00Z",
  ];
  expect(asked.map((iso) => isDue(us(iso)))).toEqual([false, true, true, false]);
  expect(isDue(us("2026-01-10T05:00:00Z"))).toBe(false);
  expect(isDue(us("2026-01-11T23:00:00Z"))).toBe(false);
});

test("whole days have no gap", () => {
  const isDue = newTimetable({ timeZone: "UTC", days: [...weekdays], from: "00:00", to: "24:00" });
  const week = Array.from({ length: 7 * 24 }, (_, hour) => isDue(us("2026-03-28T00:00:00Z") + hour * 3600e6));
  expect(week).not.toContain(false);
});
