import { logTarget } from "./lines.ts";
import { arc, canBeStuck, watchedValue } from "./quantity.ts";
import { becomesStuck } from "./rests.ts";
import { dayBinOf, weekBinOf } from "./season.ts";
import { calmest, isLate, isWarm, longestGap, type SeriesState, warmAfter } from "./series.ts";
import { leftDiscord, shapeLength } from "./shape.ts";
import {
  clampTo,
  follow,
  isOutside,
  noiseFloor,
  place,
  spreadOf,
  tame,
  toSingle,
  winsorAt,
} from "./spread.ts";
import { type Stance, stanceOf } from "./state-head.ts";
import { logRarity } from "./tail.ts";
import { isOnSchedule, usualOfDay, usualOfWeek } from "./usual.ts";

/** One reading as the channels see it, before anything is learnt from it. */
export interface Observation {
  /** As the sensor gave it. */
  readonly rawValue: number;
  /** The same on the scale that is watched. */
  readonly value: number;
  readonly timestampUs: number;
  readonly dayBin: number;
  readonly weekBin: number;
  /** By channel: what it looks at, in the unit of the value (volatility: a logarithm); NaN while it cannot tell. */
  readonly moves: readonly number[];
  /** By channel: the size of the move in units of its own spread, never negative; 0 while it cannot tell. */
  readonly raw: readonly number[];
  /** The same divided by (the channel's own 99.5 % quantile + 0.5): about 1 is the edge of the usual. */
  readonly channels: readonly number[];
  readonly sum: number;
  /** The sum on the scale of its own series. */
  readonly surprise: number;
  /** 1 for what comes as rarely as false alarms are allowed (`target.ts`), 2 for the square of that; 0 while the series is not warm. */
  readonly strain: number;
  /** The false alarms allowed, as `logTarget` gives them. */
  readonly target: number;
  readonly becomesStuck: boolean;
  /** Whether so unusual a value is what a change at this time of day brings; then it is no news to anybody. */
  readonly isOnSchedule: boolean;
  readonly unrest: number;
  /** Where the last readings together stand. */
  readonly stance: Stance;
}

// Beyond these everything is equally absurd, and squares stay finite.
const valueLimit = 1e100;
const rawLimit = 1e6;
/** News exceeds what was told lately by so much. */
const newsFactor = 1.5;
const leastNews = 0.1;
/** Below every line there is. */
const mildlyUnusual = 0.5;

/** Looks at a reading against what the series was so far. Changes nothing. */
export function observe(state: SeriesState, reading: number, timestampUs: number): Observation {
  const rawValue = clampTo(reading, valueLimit);
  const value = state.kind === "linear" ? rawValue : watchedValue(state, rawValue, timestampUs);
  const dayBin = dayBinOf(timestampUs);
  const weekBin = weekBinOf(timestampUs);
  const jump = jumpOf(state, value, timestampUs);
  const relativeJump = Math.min(jump / spreadOf(state, place.jump), winsorAt);
  const unrest = state.count === 0 ? state.unrest : follow(state.unrest, relativeJump * relativeJump, 16);
  const moves =
    state.count === 0
      ? [0, 0, 0, 0, 0, 0, 0, 0, 0]
      : movesOf(state, { value, timestampUs, dayBin, weekBin, jump, unrest });
  // Copies and loops, since this is done for every reading: 2 µs less than maps and spreads.
  const raw = moves.slice();
  const channels = moves.slice();
  let sum = 0;
  for (let index = 0; index < moves.length; index++) {
    const move = moves[index] ?? 0;
    const one =
      Number.isNaN(move) || state.audible[index] === false
        ? 0
        : Math.min(Math.abs(move) / spreadOf(state, index), rawLimit);
    const isHeard = !isLateComer(index) || (state.heard[index] ?? 0) >= warmAfter;
    const share = isHeard ? one / ((state.quantiles[index] ?? 0) + 0.5) : 0;
    raw[index] = one;
    channels[index] = share;
    sum += share;
  }
  const surprise = sum / Math.sqrt(state.sumQuantile + 0.3);
  const target = logTarget(state.intervalUs);
  const strain = isWarm(state) ? logRarity(state.tail, surprise) / target : 0;
  const stance = stanceOf(state.head, {
    value: medianOf(state, value),
    noise: noiseFloor(state),
    logTarget: target,
  });
  const most = Math.max(strain, stance.strain);
  const isStuck = rawValue === state.lastRaw && canBeStuck(state.kind) && becomesStuck(state.rests);
  return {
    rawValue,
    value,
    timestampUs,
    dayBin,
    weekBin,
    moves,
    raw,
    channels,
    sum,
    surprise,
    strain,
    target,
    becomesStuck: isStuck,
    isOnSchedule: isChangeOfDay(state, value, { dayBin, strain: most }),
    unrest,
    stance,
  };
}

/** Whether a surprise exceeds by far what was lately told beyond this line. */
export function isNews(state: SeriesState, { surprise, timestampUs }: Observation, line: number): boolean {
  const told = isLate(state, timestampUs) ? state.toldLate : state.told;
  return Math.max(surprise - state.tail.threshold, leastNews) > newsFactor * (told[line] ?? 0);
}

function isChangeOfDay(
  state: SeriesState,
  value: number,
  { dayBin, strain }: Pick<Observation, "dayBin" | "strain">,
): boolean {
  return strain > mildlyUnusual && isOnSchedule(state, value, dayBin);
}

// The state head leaves a spike of one reading to the channels.
function medianOf({ count, lastValue: a, beforeLastValue: b }: SeriesState, c: number): number {
  if (count < 2) return c;
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

// Channels that have something to say only after a day, or after many readings, and first have to learn how much is usual.
function isLateComer(index: number): boolean {
  return index === place.daily || index === place.weekly || index === place.shape;
}

function jumpOf(state: SeriesState, value: number, timestampUs: number): number {
  const fromLast = Math.abs(arc(state.lastValue, value, state.period));
  const fromSettled = Math.abs(arc(state.settledValue, value, state.period));
  return Math.min(fromLast, fromSettled) / gapFactor(state, timestampUs);
}

function movesOf(
  state: SeriesState,
  seen: Pick<Observation, "value" | "timestampUs" | "dayBin" | "weekBin" | "unrest"> & {
    readonly jump: number;
  },
): number[] {
  const { value } = seen;
  const tamed = tame(state, value);
  const single = toSingle(state, value);
  const ofDay = usualOfDay(state, seen);
  const ofWeek = usualOfWeek(state, seen, ofDay);
  return [
    value - state.mean,
    follow(state.ema16, tamed, 16) - state.mean,
    seen.jump,
    follow(state.ema10, tamed, 10) - follow(state.ema40, tamed, 40),
    Math.log(Math.max(seen.unrest, calmest)) - state.unrestMean,
    single - ofDay,
    single - ofWeek,
    shapeMove(state, value, tamed),
    Math.max(value - state.high, state.low - value, 0),
  ];
}

// On the way back from a spike a shape says nothing that the spike has not said; as long as it goes on it does.
function shapeMove(state: SeriesState, value: number, tamed: number): number {
  if (state.sinceOutside < shapeLength && !isOutside(state, value)) return Number.NaN;
  return leftDiscord(state.recent, state.count, toSingle(state, tamed));
}

// A walk that nobody looked at for a while has gone as far as the root of the time.
function gapFactor(state: SeriesState, timestampUs: number): number {
  if (state.intervalUs <= 0) return 1;
  const intervals = (timestampUs - state.lastTimestampUs) / state.intervalUs;
  return intervals > 1.5 ? Math.sqrt(Math.min(intervals, longestGap)) : 1;
}

/** All surprises of a reading together. */
export function magnitude(channels: readonly number[]): number {
  let sum = 0;
  for (const one of channels) sum += one * one;
  return Math.sqrt(sum);
}
