import type { Hours } from "./notification.ts";
import { newTimetable } from "./schedule.ts";

const minuteMs = 60_000;
/** A week and a day: whatever the hours are, they begin within it, but for those that the clock leaps over. */
const horizonMs = 8 * 86_400_000;

/**
 * From which moment on the hours have begun, for whoever has something to say at `atMs`: itself within the hours, else the next one; null
 * if there is none within a week.
 */
export function nextOpening(hours: Hours, timeZone: string, atMs: number): number | null {
  const isOpen = newTimetable({ ...hours, timeZone });
  if (isOpen(atMs * 1000)) return atMs;
  // Hours begin with a whole minute.
  const first = (Math.floor(atMs / minuteMs) + 1) * minuteMs;
  for (let ms = first; ms < first + horizonMs; ms += minuteMs) if (isOpen(ms * 1000)) return ms;
  return null;
}
