import type { Hours } from "./notification.ts";
import { clocksOf, minuteOf, newTimetable } from "./schedule.ts";

const minuteMs = 60_000;
const quarterMs = 900_000;
const dayMs = 86_400_000;
/** With the same clocks at both ends, a stretch has them throughout. Around a change it goes by the quarters on which clocks change. */
const stretchesMs = [dayMs, 12 * quarterMs];
/** A week and a day: whatever the hours are, they begin within it, but for those that the clock leaps over. */
const horizonMs = 8 * dayMs;

/**
 * From which moment on the hours have begun, for whoever has something to say at `atMs`: itself within the hours, else the next one; null
 * if there is none within a week.
 */
export function nextOpening(hours: Hours, timeZone: string, atMs: number): number | null {
  const clocks = clocksOf(timeZone) ?? (() => 0);
  const isOpen = newTimetable({ ...hours, timeZone }, clocks);
  if (isOpen(atMs * 1000)) return atMs;
  const aheadOf = (ms: number): number => clocks(ms * 1000) / 1000;
  // Hours begin with a whole minute.
  const first = (Math.floor(atMs / minuteMs) + 1) * minuteMs;
  const end = first + horizonMs;
  let from = first;
  while (from < end) {
    const ahead = aheadOf(from);
    const stretch = stretchesMs.find((ms) => aheadOf(from + ms) === ahead);
    const quarter = quarterMs - (from % quarterMs);
    const to = Math.min(end, from + (stretch ?? quarter));
    // With the same clocks, hours begin when the wall says so; after a change they may have begun already.
    const begin = from + untilClock(minuteOf(hours.from), from + ahead);
    const opening = [from, begin].find((ms) => ms < to && isOpen(ms * 1000));
    if (opening !== undefined) return opening;
    from = to;
  }
  return null;
}

/** How long it takes, in milliseconds, until the wall shows a minute of the day. */
function untilClock(minute: number, localMs: number): number {
  return (((minute * minuteMs - localMs) % dayMs) + dayMs) % dayMs;
}
