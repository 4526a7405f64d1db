import { channelNames, learningReadings } from "../schema/scored.ts";
import { type SensorKind, sensorTypes } from "../schema/sensors.ts";
import { allowances } from "../schema/tuning.ts";
import { type Cadence, newCadence } from "./cadence.ts";
import { audible, periodOf } from "./quantity.ts";
import { newRests, type Rests } from "./rests.ts";
import { dayBins, weekBins } from "./season.ts";
import { newStateHead, type StateHead } from "./state-head.ts";
import { newTail, type Tail } from "./tail.ts";

/** What a detector remembers of one sensor of one device: 7.6 kB. Only `advance` and `passOver` change it. */
export interface SeriesState {
  readonly sensorType: string;
  /** The smallest spread that is believed, from the sensor type's noise; 0 when the type is not known. */
  readonly typeNoise: number;
  readonly kind: SensorKind;
  /** The whole circle, of a circular quantity; else 0. */
  readonly period: number;
  /** Whether each channel has something to say about this kind. */
  readonly audible: readonly boolean[];
  /** How many readings it has learnt from. */
  count: number;
  /** How many readings the slow averages stand for; falls back when the series settles on a new level. */
  weight: number;
  firstTimestampUs: number;
  lastTimestampUs: number;
  /** The usual time from one reading to the next; 0 until there are two. */
  intervalUs: number;
  /** The first value: what is kept in single precision is kept as the distance from it. */
  origin: number;
  /** As the sensor gave it; everything below is on the scale that is watched. */
  lastRaw: number;
  lastValue: number;
  beforeLastValue: number;
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
  /** The slow mean of its logarithm. */
  unrestMean: number;
  /** The lowest and highest value met, very slowly forgotten. */
  low: number;
  high: number;
  /** How many readings in a row were unusual. */
  unusualRun: number;
  /** How many readings in a row were too far out to teach the level. */
  outsideRun: number;
  /** How many readings ago one was. */
  sinceOutside: number;
  /** Running 99.5 % quantile of the sum of the channels. */
  sumQuantile: number;
  /**
   * By line (`lines.ts`): how far beyond its tail's threshold the series was lately, of what went over that line; fades, and what does not
   * exceed it by far is no news. All lines are remembered, whichever of them speaks.
   */
  readonly told: number[];
  /** By line, the same of readings that came late, which are no part of the episodes of those that did not. Kept in no anchor. */
  readonly toldLate: number[];
  /** By line: the number of the newest reading that was so unusual that it was told whatever the type's model said. */
  readonly toldAt: number[];
  readonly rests: Rests;
  readonly tail: Tail;
  readonly head: StateHead;
  /** How often it is heard of: no score depends on it, and the stored readings do not say it. */
  readonly cadence: Cadence;
  /** By channel: the slow variance of its move. */
  readonly variances: number[];
  /** By channel: how many moves its variance has learnt from. */
  readonly heard: number[];
  /** By channel: the running 99.5 % quantile of its surprise. */
  readonly quantiles: number[];
  /** By channel: what it was lifted by last after a quiet time: the same again is no news. */
  readonly peaks: number[];
  /** The seasons, each bin a mean (from `origin`) and how many readings it stands for. */
  readonly day: Float32Array;
  readonly week: Float32Array;
  /** A ring of the newest values, from `origin`; what was too far out is cut. */
  readonly recent: Float32Array;
}

/** A series calmer than this, in squared jumps of the usual size, is not told from one that stands still. */
export const calmest = 0.05;
/** Readings of a series before its own history speaks for it. */
export const warmAfter = learningReadings;
/** A pause counts as no more than so many usual intervals. */
export const longestGap = 64;
/** Places in the ring of the newest values; a power of two. */
export const recentPlaces = 512;
// The 99.5 % quantile of the distance from the mean of a normal signal, in standard deviations.
const firstQuantile = 2.8;
// Of the sum of nine channels of a normal signal.
const firstSumQuantile = 4;

/** The state of a series that has not been heard of. */
export function newSeries(sensorType: string): SeriesState {
  const each = (value: number) => channelNames.map(() => value);
  const type = sensorTypes.get(sensorType);
  const kind = type?.kind ?? "linear";
  return {
    sensorType,
    typeNoise: type?.noise ?? 0,
    kind,
    period: periodOf(type),
    audible: audible(kind),
    count: 0,
    weight: 0,
    firstTimestampUs: 0,
    lastTimestampUs: Number.NEGATIVE_INFINITY,
    intervalUs: 0,
    origin: 0,
    lastRaw: 0,
    lastValue: 0,
    beforeLastValue: 0,
    settledValue: 0,
    resolution: Number.POSITIVE_INFINITY,
    mean: 0,
    ema10: 0,
    ema16: 0,
    ema40: 0,
    unrest: calmest,
    unrestMean: Math.log(calmest),
    low: 0,
    high: 0,
    unusualRun: 0,
    outsideRun: 0,
    sinceOutside: Number.POSITIVE_INFINITY,
    sumQuantile: firstSumQuantile,
    told: allowances.map(() => 0),
    toldLate: allowances.map(() => 0),
    toldAt: allowances.map(() => Number.NEGATIVE_INFINITY),
    rests: newRests(),
    tail: newTail(),
    head: newStateHead(),
    cadence: newCadence(),
    variances: each(0),
    heard: each(0),
    quantiles: each(firstQuantile),
    peaks: each(0),
    day: new Float32Array(2 * dayBins),
    week: new Float32Array(2 * weekBins),
    recent: new Float32Array(recentPlaces),
  };
}

export function isWarm(state: SeriesState): boolean {
  return state.count >= warmAfter;
}

/** Whether a reading is not newer than what the series has learnt from, so that it must not teach it again. */
export function isLate(state: SeriesState, timestampUs: number): boolean {
  return timestampUs <= state.lastTimestampUs;
}
