import { type Range, sensorTypes } from "../schema/sensors.ts";
import { inUnit } from "./quantity.ts";
import {
  dayBinOf,
  dayBins,
  expectedOfDay,
  expectedOfWeek,
  readingsPerVisit,
  weekBinOf,
  weekBins,
} from "./season.ts";
import { type SeriesState, warmAfter } from "./series.ts";
import { place, spreadOf, toSingle } from "./spread.ts";

/** A moment, and where it lies in the day and in the week. */
export interface Hour {
  readonly timestampUs: number;
  readonly dayBin: number;
  readonly weekBin: number;
}

/** What a series lets expect of a reading, and by what. */
export interface Outlook {
  readonly by: "level" | "daily" | "weekly";
  readonly centre: number;
  readonly spread: number;
}

const dayUs = 86_400_000_000;

/** What the time of day lets expect, as the distance from the series' origin; NaN while nobody knows. */
export function usualOfDay(state: SeriesState, { timestampUs, dayBin }: Omit<Hour, "weekBin">): number {
  // Within the first day a season would only be compared with itself.
  const hasSeasons = timestampUs - state.firstTimestampUs >= dayUs;
  return hasSeasons ? expectedOfDay(state.day, dayBin) : Number.NaN;
}

/** The same of the hour of the week; `ofDay` is what the time of day lets expect. */
export function usualOfWeek(
  state: SeriesState,
  { timestampUs, weekBin }: Omit<Hour, "dayBin">,
  ofDay: number,
): number {
  if (timestampUs - state.firstTimestampUs < dayUs) return Number.NaN;
  const weight = readingsPerVisit(weekBins, state.intervalUs);
  return expectedOfWeek(state.week, weekBin, { mean: ofDay, weight });
}

/** Visits to a quarter of an hour before what it brings is a habit, and not the fault of one day: four, of which some readings may be lost. */
const visitsOfHabit = 3.5;
/** Quarters of an hour that differ by so many usual steps of one reading have a change between them that belongs to the time of day. */
const changeAt = 10;
/** And by such a share of what the whole day brings: what only rises in the morning, as the temperature of a hall, starts nothing. */
const changeOfDay = 0.25;
/** How far beyond such a change a value may lie, in shares of it: days without it, as Sundays, make what is known of it smaller than it is. */
const beyondChange = 0.6;

/**
 * Whether a value is what a change at this time of day brings, as of a machine that starts every morning: the quarters of an hour around
 * are far from each other, and the value lies between them, or not far beyond.
 */
export function isOnSchedule(state: SeriesState, value: number, dayBin: number): boolean {
  const around = endsOfBins(state, dayBin + dayBins - 1, 3);
  const change = around.high - around.low;
  if (!(change > changeAt * spreadOf(state, place.jump))) return false;
  const single = toSingle(state, value);
  const beyond = Math.max(around.low - single, single - around.high);
  if (beyond > beyondChange * change) return false;
  const day = endsOfBins(state, 0, dayBins);
  return change > changeOfDay * (day.high - day.low);
}

/** Between which values so many quarters of an hour are, of those that have been met often enough; no range while there are none. */
function endsOfBins({ day, intervalUs }: SeriesState, first: number, bins: number): Range {
  const fewest = visitsOfHabit * readingsPerVisit(dayBins, intervalUs);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = first; at < first + bins; at++) {
    const bin = at % dayBins;
    if ((day[2 * bin + 1] ?? 0) < fewest) continue;
    low = Math.min(low, expectedOfDay(day, bin));
    high = Math.max(high, expectedOfDay(day, bin));
  }
  return { low, high };
}

/** The closest of what level, time of day and hour of the week let expect. */
export function outlook(state: SeriesState, at: Hour): Outlook {
  let closest: Outlook = { by: "level", centre: state.mean, spread: spreadOf(state, place.level) };
  const daily = usualOfDay(state, at);
  const weekly = usualOfWeek(state, at, daily);
  for (const by of ["daily", "weekly"] as const) {
    const expected = by === "daily" ? daily : weekly;
    const isHeard = (state.heard[place[by]] ?? 0) >= warmAfter && !Number.isNaN(expected);
    const spread = spreadOf(state, place[by]);
    if (isHeard && spread < closest.spread) closest = { by, centre: state.origin + expected, spread };
  }
  return closest;
}

/** Between which values a reading of this moment is usual, in the unit of the sensor. */
export function usualBand(state: SeriesState, timestampUs: number): Range {
  const at = { timestampUs, dayBin: dayBinOf(timestampUs), weekBin: weekBinOf(timestampUs) };
  return bandOf(state, outlook(state, at));
}

/** 99 % of a normal signal; never beyond what the quantity can be, and round a circle with its middle on it. */
export function bandOf(state: SeriesState, { centre, spread }: Outlook): Range {
  const physical = sensorTypes.get(state.sensorType)?.physical;
  const turns = state.period > 0 ? Math.floor((centre - (physical?.low ?? 0)) / state.period) : 0;
  const middle = centre - turns * state.period;
  const reach = Math.min(2.6 * spread, state.period > 0 ? state.period / 2 : Number.POSITIVE_INFINITY);
  const [from, to] = [inUnit(state.kind, middle - reach), inUnit(state.kind, middle + reach)];
  // Of what a counter adds the physical range is no limit, but that it takes nothing away; round a circle it is none.
  if (state.kind === "counter") return { low: Math.max(from, 0), high: Math.max(to, 0) };
  if (physical === undefined || state.kind === "circular") return { low: from, high: to };
  const low = Math.max(from, physical.low);
  return { low, high: Math.max(low, Math.min(to, physical.high)) };
}
