import { wholeNumber } from "./setting.ts";

/** How long each level of the history is kept. */
export const historySettings = {
  RETENTION_READINGS_DAYS: wholeNumber(
    0,
    [0, 36_500],
    "readings older than this are removed once they are rolled up; 0: never",
  ),
  RETENTION_MINUTES_DAYS: wholeNumber(
    0,
    [0, 36_500],
    "what they came to by the minute is removed when older than this; 0: never",
  ),
  RETENTION_HOURS_DAYS: wholeNumber(0, [0, 36_500], "likewise by the hour; 0: never"),
};

const levels = ["RETENTION_READINGS_DAYS", "RETENTION_MINUTES_DAYS", "RETENTION_HOURS_DAYS"] as const;

/** What contradicts itself: a level is made of the one before it, and is not removed before it. */
export function historyFaults(values: Readonly<Record<(typeof levels)[number], number>>): string[] {
  const days = (name: (typeof levels)[number]): number => values[name] || Number.POSITIVE_INFINITY;
  return levels.slice(1).flatMap((name, place) => {
    const finer = levels[place] ?? name;
    return days(name) < days(finer)
      ? [`${name}: must be at least ${finer}, or 0; the coarser level outlives the finer one`]
      : [];
  });
}
