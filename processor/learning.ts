import { channelNames } from "../schema/scored.ts";
import { magnitude, type Observation } from "./channels.ts";
import { strainAt } from "./lines.ts";
import { arc } from "./quantity.ts";
import { learnRest } from "./rests.ts";
import { dayBins, learnSeason, readingsPerVisit, weekBins } from "./season.ts";
import { isWarm, longestGap, recentPlaces, type SeriesState, warmAfter } from "./series.ts";
import { clampTo, follow, isOutside, place, spreadOf, tame, toSingle, winsorAt } from "./spread.ts";
import { learnStance } from "./state-head.ts";
import { isCalm, learnTail } from "./tail.ts";

const channelCount = channelNames.length;
// Half-life 2000 readings (measured: anything from 2000 to 8000 does as well).
const slowMemory = 2000 / Math.LN2;
const memoryAfterShift = 30;
const quantileStep = 0.05;
// What comes back is usual after some six times.
const recurrenceShare = 0.25;
const quantileFall = Math.exp((-quantileStep * 0.005) / 0.995);
// Magnitude of the channels.
const unusualAt = 2;
/** A strain that no forest outvotes. */
const surelyTold = 1.25;
const largest = 1e6;
const intervalMemory = 64;
/** Among so few a very short one may begin the mean anew. */
const firstIntervals = 8;
/** What was told fades by half in 128 readings of an episode, and in 16 once it is over, so that it hides nothing else. */
const toldFade = 2 ** (-1 / 128);
const toldFadeAfter = 2 ** (-1 / 16);
// The range is forgotten with a half-life of 8000 readings.
const rangeFade = Math.LN2 / 8000;

/** Learns from a reading that `observe` has looked at and that is not late. */
export function advance(state: SeriesState, seen: Observation): void {
  const { value, timestampUs } = seen;
  if (state.count === 0) begin(state, seen);
  const tamed = tame(state, value);
  if (state.count > 0) {
    const step = Math.abs(arc(state.lastValue, value, state.period));
    if (step > 0) state.resolution = Math.min(state.resolution, step);
    learnRest(state.rests, seen.rawValue === state.lastRaw);
    learnInterval(state, timestampUs);
    learnHead(state, seen);
    if (state.outsideRun > patience(state)) acceptShift(state, seen);
    else learn(state, seen);
    learnSeasons(state, seen);
    learnRange(state, value);
  }
  learnStance(state.head, seen.stance);
  state.recent[state.count & (recentPlaces - 1)] = toSingle(state, tamed);
  state.lastRaw = seen.rawValue;
  state.beforeLastValue = state.lastValue;
  state.lastValue = value;
  state.lastTimestampUs = timestampUs;
  state.count += 1;
  state.weight = Math.min(state.weight + 1, slowMemory);
}

/** Takes note of a reading that teaches nothing, such as an impossible one, so that it counts as late when it comes again. */
export function passOver(state: SeriesState, timestampUs: number): void {
  state.lastTimestampUs = Math.max(state.lastTimestampUs, timestampUs);
}

function begin(state: SeriesState, { value, timestampUs }: Observation): void {
  state.origin = value;
  state.mean = value;
  state.low = value;
  state.high = value;
  state.firstTimestampUs = timestampUs;
  settle(state, value);
}

// How many readings of a new level are resisted: a series with a short history changes its mind sooner, but never for one spike.
function patience(state: SeriesState): number {
  return Math.min(Math.max(state.weight / 64, 3), 32);
}

function learnInterval(state: SeriesState, timestampUs: number): void {
  const interval = timestampUs - state.lastTimestampUs;
  // A clock that was set right after the first readings leaves one that is years long.
  if (state.count <= firstIntervals && interval * longestGap < state.intervalUs) {
    state.intervalUs = interval;
    return;
  }
  const rate = 1 / Math.min(state.count, intervalMemory);
  const tamed = state.intervalUs > 0 ? Math.min(interval, longestGap * state.intervalUs) : interval;
  state.intervalUs += rate * (tamed - state.intervalUs);
}

function learnHead(state: SeriesState, seen: Observation): void {
  const isUnusual = magnitude(seen.channels) > unusualAt;
  state.unusualRun = isUnusual ? state.unusualRun + 1 : 0;
  const isFar = isOutside(state, seen.value);
  state.outsideRun = isFar ? state.outsideRun + 1 : 0;
  state.sinceOutside = isFar ? 1 : state.sinceOutside + 1;
  if (isWarm(state)) {
    learnTold(state, seen);
    learnTail(state.tail, seen.surprise);
  }
  state.sumQuantile =
    seen.sum > state.sumQuantile
      ? Math.min(state.sumQuantile * Math.exp(quantileStep / Math.max(state.unusualRun, 1)), largest)
      : Math.max(state.sumQuantile * quantileFall, 1);
}

function learnTold(state: SeriesState, seen: Observation): void {
  remember(state.told, state, seen);
  if (seen.isOnSchedule) return;
  const { strain, target } = seen;
  for (let line = 0; line < state.toldAt.length && strain > surelyTold * strainAt(line, target); line++)
    state.toldAt[line] = state.count;
}

/** Remembers what a late reading said, so that an episode among late ones is told once as well; it teaches nothing else. */
export function rememberLate(state: SeriesState, seen: Observation): void {
  if (isWarm(state)) remember(state.toldLate, state, seen);
}

function remember(told: number[], { tail }: SeriesState, seen: Observation): void {
  const { strain, surprise, target } = seen;
  const fade = isCalm(tail) ? toldFadeAfter : toldFade;
  for (let line = 0; line < told.length; line++) told[line] = (told[line] ?? 0) * fade;
  if (seen.isOnSchedule) return;
  // The lines rise: what does not reach one reaches none after it, and a usual reading not even the first.
  for (let line = 0; line < told.length && strain > strainAt(line, target); line++)
    told[line] = Math.max(told[line] ?? 0, surprise - tail.threshold);
}

function learn(state: SeriesState, seen: Observation): void {
  const rate = 1 / (state.weight + 1);
  const tamed = tame(state, seen.value);
  learnVariances(state, seen.moves);
  state.mean += rate * (tamed - state.mean);
  state.unrestMean += rate * (seen.moves[place.volatility] ?? 0);
  state.ema10 = follow(state.ema10, tamed, 10);
  state.ema16 = follow(state.ema16, tamed, 16);
  state.ema40 = follow(state.ema40, tamed, 40);
  state.unrest = seen.unrest;
  learnQuantiles(state, seen);
  if (state.unusualRun === 0) state.settledValue = seen.value;
}

// What stays that far out is the new usual: move half-way at once, and learn the rest quickly.
function acceptShift(state: SeriesState, seen: Observation): void {
  for (const index of [place.level, place.smoothed, place.jump, place.trend]) {
    const move = seen.moves[index] ?? 0;
    state.variances[index] = 0.5 * ((state.variances[index] ?? 0) + move * move);
  }
  state.mean += 0.5 * (seen.moves[place.level] ?? 0);
  state.weight = Math.min(state.weight, memoryAfterShift);
  state.unrest = 1;
  state.outsideRun = 0;
  state.unusualRun = 0;
  settle(state, seen.value);
}

function settle(state: SeriesState, value: number): void {
  state.ema10 = value;
  state.ema16 = value;
  state.ema40 = value;
  state.settledValue = value;
}

function learnVariances(state: SeriesState, moves: readonly number[]): void {
  for (let index = 0; index < place.range; index++) {
    const move = moves[index] ?? Number.NaN;
    if (Number.isNaN(move)) continue;
    const heard = state.heard[index] ?? 0;
    const variance = state.variances[index] ?? 0;
    const tamed = heard === 0 ? move : clampTo(move, winsorAt * spreadOf(state, index));
    state.variances[index] = variance + (tamed * tamed - variance) / (Math.min(state.weight, heard) + 1);
    state.heard[index] = heard + 1;
  }
}

function learnSeasons(state: SeriesState, { value, dayBin, weekBin }: Observation): void {
  const single = toSingle(state, value);
  const { intervalUs } = state;
  const isHeard = (state.heard[place.daily] ?? 0) > warmAfter;
  const reach = winsorAt * spreadOf(state, isHeard ? place.daily : place.level);
  learnSeason(state.day, dayBin, { value: single, reach, perVisit: readingsPerVisit(dayBins, intervalUs) });
  learnSeason(state.week, weekBin, {
    value: single,
    reach,
    perVisit: readingsPerVisit(weekBins, intervalUs),
  });
}

function learnRange(state: SeriesState, value: number): void {
  const middle = (state.low + state.high) / 2;
  state.low = Math.min(state.low + rangeFade * (middle - state.low), value);
  state.high = Math.max(state.high - rangeFade * (state.high - middle), value);
}

// Robbins and Monro's running quantile, on a logarithmic scale. One surprise lifts it by a twentieth, however big it is, and each that
// follows on it by less, since they are one; or the way of a fault of thirty readings would leave the series blind. But what comes
// back after a quiet time, as a machine does that starts every morning, lifts it towards the size it had before.
function learnQuantiles(state: SeriesState, { raw, moves }: Observation): void {
  for (let channel = 0; channel < channelCount; channel++) {
    if (Number.isNaN(moves[channel])) continue;
    const one = raw[channel] ?? 0;
    const quantile = state.quantiles[channel] ?? 1;
    if (one <= quantile) {
      state.quantiles[channel] = Math.max(quantile * quantileFall, 1);
      continue;
    }
    const isFresh = state.unusualRun === 1;
    const known = isFresh ? Math.min(one, state.peaks[channel] ?? 0) : 0;
    if (isFresh) state.peaks[channel] = one;
    const step = quantileStep / Math.max(state.unusualRun, 1);
    const rise = step + recurrenceShare * Math.log(Math.max(known / quantile, 1));
    state.quantiles[channel] = Math.min(quantile * Math.exp(rise), largest);
  }
}
