import { sensorTypes } from "../schema/sensors.ts";

/** What is watched in every series, in the order of the numbers in an observation. */
export const channelNames = ["level", "smoothed", "jump", "trend", "volatility"] as const;
export type ChannelName = (typeof channelNames)[number];

/** What a detector remembers of one sensor of one device. Only `advance` and `passOver` change it. */
export interface SeriesState {
  readonly sensorType: string;
  /** The smallest spread that is believed, from the sensor type's noise; 0 when the type is not known. */
  readonly typeNoise: number;
  /** How many readings it has learnt from. */
  count: number;
  /** How many readings the slow averages stand for; falls back when the series settles on a new level. */
  weight: number;
  lastTimestampUs: number;
  lastValue: number;
  /** The newest value that was not unusual: the way back from a spike is no second jump. */
  settledValue: number;
  /** The smallest step seen between two different readings: what the sensor can resolve. */
  resolution: number;
  mean: number;
  ema10: number;
  ema16: number;
  ema40: number;
  /** Of the newest jumps, squared, in units of the usual one. */
  unrest: number;
  /** Slow variances of level, smoothed level, jump and trend. */
  readonly variances: number[];
  /** Running 99.5 % quantile of each channel. */
  readonly quantiles: number[];
  /** What each channel was lifted by last after a quiet time: the same again is no news. */
  readonly peaks: number[];
  /** How many readings in a row were unusual. */
  unusualRun: number;
}

/** One reading as the channels see it, before anything is learnt from it. */
export interface Observation {
  readonly value: number;
  /** Each channel's surprise in units of its own spread, never negative. */
  readonly raw: readonly number[];
  /** The same divided by (the channel's own 99.5 % quantile + 0.5): about 1 is the edge of the usual. */
  readonly channels: readonly number[];
  readonly deviation: number;
  readonly smoothedShift: number;
  readonly jump: number;
  readonly trend: number;
  readonly unrest: number;
}

/** Readings of a series before its own history speaks for it. */
export const warmAfter = 60;

const [levelIndex, smoothedIndex, jumpIndex, trendIndex] = [0, 1, 2, 3] as const;
// Half-life 2000 readings (measured: anything from 2000 to 8000 does as well).
const slowMemory = 2000 / Math.LN2;
const memoryAfterShift = 30;
// The 99.5 % quantile of the distance from the mean of a normal signal, in standard deviations.
const firstQuantile = 2.8;
const quantileStep = 0.05;
// What comes back is usual after some six times.
const recurrenceShare = 0.25;
const quantileFall = Math.exp((-quantileStep * 0.005) / 0.995);
// What lies further out teaches no more than this many spreads.
const winsorAt = 4;
const unusualAt = 2;
// Beyond these everything is equally absurd, and squares stay finite.
const valueLimit = 1e100;
const rawLimit = 1e6;

/** The state of a series that has not been heard of. */
export function newSeries(sensorType: string): SeriesState {
  return {
    sensorType,
    typeNoise: sensorTypes.get(sensorType)?.noise ?? 0,
    count: 0,
    weight: 0,
    lastTimestampUs: Number.NEGATIVE_INFINITY,
    lastValue: 0,
    settledValue: 0,
    resolution: Number.POSITIVE_INFINITY,
    mean: 0,
    ema10: 0,
    ema16: 0,
    ema40: 0,
    unrest: 1,
    variances: [0, 0, 0, 0],
    quantiles: channelNames.map(() => firstQuantile),
    peaks: channelNames.map(() => 0),
    unusualRun: 0,
  };
}

export function isWarm(state: SeriesState): boolean {
  return state.count >= warmAfter;
}

/** Whether a reading is not newer than what the series has learnt from, so that it must not teach it again. */
export function isLate(state: SeriesState, timestampUs: number): boolean {
  return timestampUs <= state.lastTimestampUs;
}

/** The spread of a series around its slow mean, never below what its sensor can show. */
export function spread(state: SeriesState): number {
  return spreadOf(state, levelIndex);
}

/** Looks at a reading against what the series was so far. Changes nothing. */
export function observe(state: SeriesState, rawValue: number): Observation {
  const value = Math.min(Math.max(rawValue, -valueLimit), valueLimit);
  if (state.count === 0) return firstObservation(value);
  const levelSpread = spreadOf(state, levelIndex);
  const jumpSpread = spreadOf(state, jumpIndex);
  const deviation = value - state.mean;
  const tamed = state.mean + clampTo(deviation, winsorAt * levelSpread);
  const smoothedShift = follow(state.ema16, tamed, 16) - state.mean;
  const jump = Math.min(Math.abs(value - state.lastValue), Math.abs(value - state.settledValue));
  const trend = follow(state.ema10, tamed, 10) - follow(state.ema40, tamed, 40);
  const relativeJump = jump / jumpSpread;
  const unrest = follow(state.unrest, Math.min(relativeJump, winsorAt) ** 2, 16);
  const raw = [
    surprise(deviation / levelSpread),
    surprise(smoothedShift / spreadOf(state, smoothedIndex)),
    surprise(relativeJump),
    surprise(trend / spreadOf(state, trendIndex)),
    // A logarithm of variance has a spread of about one half here.
    2 * Math.log(Math.max(unrest, 1)),
  ];
  const channels = raw.map((one, channel) => one / ((state.quantiles[channel] ?? firstQuantile) + 0.5));
  return { value, raw, channels, deviation, smoothedShift, jump, trend, unrest };
}

function firstObservation(value: number): Observation {
  const none = channelNames.map(() => 0);
  return { value, raw: none, channels: none, deviation: 0, smoothedShift: 0, jump: 0, trend: 0, unrest: 1 };
}

/** Learns from a reading that `observe` has looked at and that is not late. */
export function advance(state: SeriesState, observation: Observation, timestampUs: number): void {
  const { value } = observation;
  if (state.count === 0) {
    state.mean = value;
    settle(state, value);
  } else {
    const step = Math.abs(value - state.lastValue);
    if (step > 0) state.resolution = Math.min(state.resolution, step);
    const isUnusual = magnitude(observation.channels) > unusualAt;
    state.unusualRun = isUnusual ? state.unusualRun + 1 : 0;
    if (state.unusualRun > patience(state)) acceptShift(state, observation);
    else learn(state, observation, isUnusual);
  }
  state.lastValue = value;
  state.lastTimestampUs = timestampUs;
  state.count += 1;
  state.weight = Math.min(state.weight + 1, slowMemory);
}

/** Takes note of a reading that teaches nothing, such as an impossible one, so that it counts as late when it comes again. */
export function passOver(state: SeriesState, timestampUs: number): void {
  state.lastTimestampUs = Math.max(state.lastTimestampUs, timestampUs);
}

/** All surprises of a reading together. */
export function magnitude(channels: readonly number[]): number {
  let sum = 0;
  for (const one of channels) sum += one * one;
  return Math.sqrt(sum);
}

// How many readings of a new level are resisted: a series with a short history changes its mind sooner, but never for one spike.
function patience(state: SeriesState): number {
  return Math.min(Math.max(state.weight / 64, 3), 32);
}

function learn(state: SeriesState, seen: Observation, isUnusual: boolean): void {
  const rate = 1 / (state.weight + 1);
  const reach = winsorAt * spreadOf(state, levelIndex);
  const deviation = clampTo(seen.deviation, reach);
  const tamed = state.mean + deviation;
  learnVariance(state, [deviation, seen.smoothedShift, seen.jump, seen.trend], { rate, reach: winsorAt });
  state.mean += rate * deviation;
  state.ema10 = follow(state.ema10, tamed, 10);
  state.ema16 = follow(state.ema16, tamed, 16);
  state.ema40 = follow(state.ema40, tamed, 40);
  state.unrest = seen.unrest;
  learnQuantiles(state, seen.raw);
  if (!isUnusual) state.settledValue = seen.value;
}

// What stays unusual for that long is the new usual: move half-way at once, and learn the rest quickly.
function acceptShift(state: SeriesState, seen: Observation): void {
  const rate = 0.5;
  const whole = Number.POSITIVE_INFINITY;
  learnVariance(state, [seen.deviation, seen.smoothedShift, seen.jump, seen.trend], { rate, reach: whole });
  state.mean += rate * seen.deviation;
  state.weight = Math.min(state.weight, memoryAfterShift);
  state.unrest = 1;
  state.unusualRun = 0;
  settle(state, seen.value);
}

function settle(state: SeriesState, value: number): void {
  state.ema10 = value;
  state.ema16 = value;
  state.ema40 = value;
  state.settledValue = value;
}

function learnVariance(state: SeriesState, moves: readonly number[], how: { rate: number; reach: number }) {
  for (const [index, move] of moves.entries()) {
    const tamed = clampTo(move, how.reach * spreadOf(state, index));
    const variance = state.variances[index] ?? 0;
    state.variances[index] = variance + how.rate * (tamed * tamed - variance);
  }
}

// Averages of 16 readings, and differences of averages, are calmer than single readings by about these factors.
const floorShare = [1, 0.25, 1, 0.25] as const;

function spreadOf(state: SeriesState, index: number): number {
  const noise = noiseFloor(state) * (floorShare[index] ?? 1);
  return Math.sqrt(Math.max(state.variances[index] ?? 0, noise * noise));
}

// A constant or coarsely rounded signal has no variance of its own to speak of: half a step, or half the type's noise, counts.
function noiseFloor(state: SeriesState): number {
  const { typeNoise, resolution } = state;
  const rounding = Math.abs(state.mean) * 1e-6 + 1e-9;
  const coarsest = typeNoise > 0 ? 4 * typeNoise : Number.POSITIVE_INFINITY;
  const step = Number.isFinite(resolution) ? Math.min(resolution, coarsest) : 0;
  return Math.max(0.5 * typeNoise, 0.5 * step, rounding);
}

function follow(average: number, value: number, readings: number): number {
  return average + (2 / (readings + 1)) * (value - average);
}

function surprise(relative: number): number {
  return Math.min(Math.abs(relative), rawLimit);
}

function clampTo(move: number, reach: number): number {
  return Math.min(Math.max(move, -reach), reach);
}

// Robbins and Monro's running quantile, on a logarithmic scale. One surprise lifts it by a twentieth, however big it is; but what comes
// back after a quiet time, as a machine does that starts every morning, lifts it towards the size it had before.
function learnQuantiles(state: SeriesState, raw: readonly number[]): void {
  for (const [channel, quantile] of state.quantiles.entries()) {
    const one = raw[channel] ?? 0;
    if (one <= quantile) {
      state.quantiles[channel] = Math.max(quantile * quantileFall, 1);
      continue;
    }
    const isFresh = state.unusualRun === 1;
    const known = isFresh ? Math.min(one, state.peaks[channel] ?? 0) : 0;
    if (isFresh) state.peaks[channel] = one;
    const rise = quantileStep + recurrenceShare * Math.log(Math.max(known / quantile, 1));
    state.quantiles[channel] = Math.min(quantile * Math.exp(rise), rawLimit);
  }
}
