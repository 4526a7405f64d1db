import type { HistoryLevel } from "../../schema/history.ts";

const secondUs = 1_000_000;
const minute = 60;
const hour = 3600;
const week = 168 * hour;

/** A Monday, so that weeks begin as people count them; the one that `time_bucket` counts from. */
const originUs = Date.UTC(2000, 0, 3) * 1000;

/** What points may stand for, in seconds. Each from a minute on is whole minutes, each from an hour on whole hours. */
const steps = [
  ...[1, 2, 5, 10, 15, 20, 30],
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 4, 6, 8, 12, 24, 48, 84].map((hours) => hours * hour),
];

/** Where a series is read from, and how much time a point stands for; null: each point is one reading. */
export interface Resolution {
  readonly level: HistoryLevel;
  readonly stepSeconds: number | null;
}

export interface Wish {
  readonly fromUs: number;
  readonly toUs: number;
  /** Most points, 2 or more. */
  readonly points: number;
}

/** What is known of a series before it is read. */
export interface Prospect {
  /** How many readings there are in the range, about; 0 while nobody knows. */
  readonly expected: number;
  /** Whether the level still has the whole range. */
  readonly hasReadings: boolean;
  readonly hasMinutes: boolean;
  /** Most readings that may be read to draw it. */
  readonly mostRead: number;
}

/**
 * The readings themselves, as far as that can be. Where steps would be made of them anyway they are tried, whatever is expected: a series that
 * spoke fast for a moment has few.
 */
export function asReadings(
  wish: Wish,
  { expected, hasReadings, mostRead }: Prospect,
): Resolution | undefined {
  const isWorthTrying = expected <= wish.points || (stepOf(wish) < minute && expected <= mostRead);
  return hasReadings && isWorthTrying ? { level: "raw", stepSeconds: null } : undefined;
}

/** The finest even steps that keep to the points, from the level that has them with the least to read. */
export function inSteps(wish: Wish, { expected, hasReadings, hasMinutes, mostRead }: Prospect): Resolution {
  const step = stepOf(wish);
  if (step < minute && hasReadings && expected <= mostRead) return { level: "raw", stepSeconds: step };
  if (step < hour && hasMinutes) return { level: "1m", stepSeconds: Math.max(step, minute) };
  return { level: "1h", stepSeconds: Math.max(step, hour) };
}

/** The least step with which the range, widened to whole steps, has no more than the points. */
function stepOf({ fromUs, toUs, points }: Wish): number {
  // Of whole steps there may be one more than fits in between.
  const least = (toUs - fromUs) / secondUs / (points - 1);
  return steps.find((step) => step >= least) ?? Math.ceil(least / week) * week;
}

/** A range widened to whole steps. */
export function widened({ fromUs, toUs }: Pick<Wish, "fromUs" | "toUs">, stepSeconds: number) {
  const beginUs = stepBegin(toUs, stepSeconds);
  return {
    fromUs: stepBegin(fromUs, stepSeconds),
    toUs: beginUs === toUs ? toUs : beginUs + stepSeconds * secondUs,
  };
}

/** The beginning of the step that a moment lies in. */
export function stepBegin(us: number, stepSeconds: number): number {
  const stepUs = stepSeconds * secondUs;
  return originUs + Math.floor((us - originUs) / stepUs) * stepUs;
}

/** Until when each level is rolled up, microseconds since the epoch; infinite where the database completes it by itself. */
export interface RolledUp {
  readonly minutesUntilUs: number;
  readonly hoursUntilUs: number;
}

/** A part of a range, and what it is to be read from. */
export interface Piece {
  readonly level: HistoryLevel;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Cuts a range where a level ends: what is not rolled up yet is read from the next finer one. */
export function piecesOf(level: HistoryLevel, range: Omit<Piece, "level">, rolledUp: RolledUp): Piece[] {
  const never = Number.NEGATIVE_INFINITY;
  const hoursEnd = level === "1h" ? rolledUp.hoursUntilUs : never;
  const minutesEnd = level === "raw" ? never : rolledUp.minutesUntilUs;
  const spans = [
    { level: "1h", fromUs: never, toUs: hoursEnd },
    { level: "1m", fromUs: hoursEnd, toUs: minutesEnd },
    { level: "raw", fromUs: minutesEnd, toUs: Number.POSITIVE_INFINITY },
  ] as const;
  return spans
    .map((span) => ({
      level: span.level,
      fromUs: Math.max(span.fromUs, range.fromUs),
      toUs: Math.min(span.toUs, range.toUs),
    }))
    .filter(({ fromUs, toUs }) => fromUs < toUs);
}
