import { days, type Hours } from "./notification.ts";

const quarterMs = 15 * 60_000;
/** A week and a day: whatever the hours are, they begin within it. */
const horizonMs = 8 * 86_400_000;

/** Whether this is the name of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whether a moment lies within the hours, on the clock of the time zone. */
export function isWithin(hours: Hours, timeZone: string, atMs: number): boolean {
  return openOn(hours, clockOf(timeZone))(atMs);
}

/** The first moment from `atMs` on that lies within the hours; null if there is none, which a gap of the clock can bring about. */
export function nextOpening(hours: Hours, timeZone: string, atMs: number): number | null {
  const isOpen = openOn(hours, clockOf(timeZone));
  if (isOpen(atMs)) return atMs;
  // Clocks differ from UTC by whole quarters of an hour, so hours begin with one.
  const first = (Math.floor(atMs / quarterMs) + 1) * quarterMs;
  for (let ms = first; ms < first + horizonMs; ms += quarterMs) if (isOpen(ms)) return ms;
  return null;
}

interface WallClock {
  /** From Monday, 0. */
  readonly day: number;
  readonly minute: number;
}

function openOn({ days: chosen, from, until }: Hours, clock: (ms: number) => WallClock) {
  const isChosen = days.map((day) => chosen.includes(day));
  const [begins, ends] = [minuteOf(from), minuteOf(until)];
  return (ms: number): boolean => {
    const { day, minute } = clock(ms);
    const today = isChosen[day] === true;
    if (begins < ends) return today && minute >= begins && minute < ends;
    // What goes past midnight belongs to the day it began on.
    const yesterday = isChosen[(day + 6) % 7] === true;
    return (today && minute >= begins) || (yesterday && minute < ends);
  };
}

function minuteOf(text: string): number {
  const [hour, minute] = text.split(":").map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
}

function clockOf(timeZone: string): (ms: number) => WallClock {
  const format = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone, weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  } as const);
  const names: readonly string[] = days;
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const weekday = (parts.get("weekday") ?? "").toLowerCase();
    const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
    return { day: names.indexOf(weekday), minute };
  };
}
