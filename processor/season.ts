/** Quarters of an hour of a day, and hours of a week from Monday, both in UTC. */
export const dayBins = 96;
export const weekBins = 168;

/** A mean a bin and how many readings it stands for, in turns. */
export type Season = Float32Array;

const dayUs = 86_400_000_000;
const weekUs = 7 * dayUs;
// 1970-01-01 was a Thursday.
const mondayUs = 4 * dayUs;
/** Visits a bin remembers: eight days, or eight weeks. */
const visitsKept = 8;
const mostWeight = 65_536;

export function dayBinOf(timestampUs: number): number {
  return binOf(timestampUs, dayUs, dayBins);
}

export function weekBinOf(timestampUs: number): number {
  return binOf(timestampUs - mondayUs, weekUs, weekBins);
}

function binOf(timestampUs: number, lengthUs: number, bins: number): number {
  // Whole microseconds, so that a reading on the hour falls into its own bin.
  const within = timestampUs - Math.floor(timestampUs / lengthUs) * lengthUs;
  return Math.floor(within / (lengthUs / bins));
}

/** How many readings a visit to a bin brings, at least one. */
export function readingsPerVisit(bins: number, intervalUs: number): number {
  const binUs = (bins === dayBins ? dayUs : weekUs) / bins;
  return intervalUs > 0 ? Math.max(binUs / intervalUs, 1) : 1;
}

/** What a time of day lets expect, as the distance from the series' origin; NaN while it was never met. */
export function expectedOfDay(day: Season, bin: number): number {
  return (day[2 * bin + 1] ?? 0) > 0 ? (day[2 * bin] ?? 0) : Number.NaN;
}

/** What an hour of the week lets expect: it borrows from the time of day as much as one visit weighs. */
export function expectedOfWeek(
  week: Season,
  bin: number,
  borrowed: { mean: number; weight: number },
): number {
  const weight = week[2 * bin + 1] ?? 0;
  if (weight === 0) return borrowed.mean;
  if (Number.isNaN(borrowed.mean)) return week[2 * bin] ?? 0;
  return ((week[2 * bin] ?? 0) * weight + borrowed.mean * borrowed.weight) / (weight + borrowed.weight);
}

/** Lets a bin learn a value, at most `reach` away from its mean. */
export function learnSeason(season: Season, bin: number, seen: SeasonLesson): void {
  const { value, reach, perVisit } = seen;
  const weight = Math.min(season[2 * bin + 1] ?? 0, Math.min(visitsKept * perVisit, mostWeight));
  const mean = season[2 * bin] ?? 0;
  const move = weight === 0 ? value : Math.min(Math.max(value - mean, -reach), reach) / (weight + 1);
  season[2 * bin] = weight === 0 ? move : mean + move;
  season[2 * bin + 1] = weight + 1;
}

export interface SeasonLesson {
  readonly value: number;
  readonly reach: number;
  readonly perVisit: number;
}
