import { channelNames } from "../schema/scored.ts";
import type { SeriesState } from "./series.ts";

/** Where each channel stands in the lists of a state and of an observation. */
export const place = {
  level: channelNames.indexOf("level"),
  smoothed: channelNames.indexOf("smoothed"),
  jump: channelNames.indexOf("jump"),
  trend: channelNames.indexOf("trend"),
  volatility: channelNames.indexOf("volatility"),
  daily: channelNames.indexOf("daily"),
  weekly: channelNames.indexOf("weekly"),
  shape: channelNames.indexOf("shape"),
  range: channelNames.indexOf("range"),
} as const;

/** What lies further out than so many spreads teaches no more than that. */
export const winsorAt = 4;
// Squares stay finite, also in single precision.
const singleLimit = 1e18;
// The logarithm of a variance of some sixteen readings has a spread of about one half.
const unrestSpread = 0.5;
// Averages of 16 readings, and differences of averages, are calmer than single readings by about these factors; a shape has four.
const floorShare = [1, 0.25, 1, 0.25, 0, 1, 1, 2, 1] as const;

/** The spread of what a channel looks at, never below what its sensor can show. */
export function spreadOf(state: SeriesState, index: number): number {
  if (index === place.volatility) return Math.max(Math.sqrt(state.variances[index] ?? 0), unrestSpread);
  const floor = noiseFloor(state) * (floorShare[index] ?? 1);
  const variance = state.variances[index === place.range ? place.level : index] ?? 0;
  return Math.sqrt(Math.max(variance, floor * floor));
}

// A constant or coarsely rounded signal has no variance of its own to speak of: half a step, or half the type's noise, counts.
export function noiseFloor(state: SeriesState): number {
  const { typeNoise, resolution, low, high } = state;
  // Of what is measured in billionths, as a vacuum, a billionth is no rounding. The square of the smallest is no zero yet.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const least = size > 0 ? clampTo(size * 1e-6, 1e-9) : 1e-9;
  const rounding = Math.abs(state.mean) * 1e-6 + Math.max(least, 1e-150);
  const coarsest = typeNoise > 0 ? 4 * typeNoise : Number.POSITIVE_INFINITY;
  const step = Number.isFinite(resolution) ? Math.min(resolution, coarsest) : 0;
  return Math.max(0.5 * typeNoise, 0.5 * step, rounding);
}

/** An exponential average one value on, of which the newest so many readings make up most. */
export function follow(average: number, value: number, readings: number): number {
  return average + (2 / (readings + 1)) * (value - average);
}

/** Whether a value lies too far out to be believed as it is. */
export function isOutside(state: SeriesState, value: number): boolean {
  return Math.abs(value - state.mean) > winsorAt * spreadOf(state, place.level);
}

/** A value as far as it is believed: what lies too far out counts as the furthest that is. */
export function tame(state: SeriesState, value: number): number {
  return state.mean + clampTo(value - state.mean, winsorAt * spreadOf(state, place.level));
}

/** A value as it is kept in single precision: the distance from the series' origin. */
export function toSingle(state: SeriesState, value: number): number {
  return clampTo(value - state.origin, singleLimit);
}

export function clampTo(move: number, reach: number): number {
  return Math.min(Math.max(move, -reach), reach);
}
