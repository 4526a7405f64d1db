import { clampTo, follow, winsorAt } from "./spread.ts";
import { learnTail, logRarity, newTail, type Tail } from "./tail.ts";

/**
 * Whether a series is where it uses to be: the average of its newest ten readings, and how rough they are, against a slow baseline, which
 * stands still while the series is away. One reading hardly moves it; what lasts for several does, however softly it came.
 */
export interface StateHead {
  /** The newest value. */
  latest: number;
  /** The averages of the newest ten values, and of their squared steps. */
  average: number;
  roughness: number;
  /** The baseline of the first, and of the logarithm of the second. */
  mean: number;
  variance: number;
  roughMean: number;
  roughVariance: number;
  /** How many readings the baseline stands for. */
  weight: number;
  /** How far away the series uses to be. */
  readonly tail: Tail;
  /** How many readings it has been away; 0 while it is not. */
  away: number;
  /** The highest strain while it is away, otherwise of late: it fades. */
  reached: number;
}

/** A reading as the head sees it, before anything is learnt from it. */
export interface Stance {
  readonly value: number;
  /** As far as it is believed. */
  readonly near: number;
  readonly average: number;
  readonly roughness: number;
  /** Its logarithm. */
  readonly rough: number;
  /** What the baseline was when it was looked at: a move of its two parts counts for no more than a few of these. */
  readonly spread: number;
  readonly roughSpread: number;
  /** How far the two are from the baseline, each in its own spreads; to be calm is not to be away. */
  readonly ofLevel: number;
  readonly ofRoughness: number;
  /** Both together: the root of Hotelling's T², with the two taken as independent. */
  readonly distance: number;
  /** 1 for what comes as rarely as false alarms are allowed. */
  readonly strain: number;
}

export interface StanceQuestion {
  /** The median of the newest three values, so that a spike of one reading is none. */
  readonly value: number;
  /** What the sensor's noise moves a value by, whatever was seen so far. */
  readonly noise: number;
  /** The false alarms allowed a reading, as a natural logarithm. */
  readonly logTarget: number;
}

const averaged = 10;
// Half-life 2000 readings, as of the other slow averages.
const slowMemory = 2000 / Math.LN2;
/** No value counts for more spreads: it takes several to be away. */
const furthest = 12;
/** Readings after which what is away is the new usual. */
const longestAway = 256;
const weightAfterMove = 60;
/** Readings before the head speaks: a few hundred averages of ten are no more than some dozens. */
const fewest = 200;
const youth = 60;
const reachedFade = 0.5 ** (1 / 16);
// An average of ten independent readings has a third of their spread.
const averageShare = 0.35;
const leastRoughSpread = 0.5;

export function newStateHead(): StateHead {
  return {
    ...{ latest: 0, average: 0, roughness: 0 },
    ...{ mean: 0, variance: 0, roughMean: 0, roughVariance: 0, weight: 0 },
    ...{ tail: newTail(), away: 0, reached: 0 },
  };
}

/** Looks at a value. Changes nothing. */
export function stanceOf(head: StateHead, { value, noise, logTarget }: StanceQuestion): Stance {
  const isFirst = head.weight === 0;
  // What is known of few readings, of which ten in a row are one, is known badly.
  const doubt = 1 + youth / (head.weight + 1);
  const spread = Math.max(Math.sqrt(head.variance * doubt), averageShare * noise);
  const roughSpread = Math.max(Math.sqrt(head.roughVariance * doubt), leastRoughSpread);
  const near = isFirst ? value : head.mean + clampTo(value - head.mean, furthest * spread);
  const average = isFirst ? value : follow(head.average, near, averaged);
  const step = isFirst ? 0 : near - head.latest;
  const roughness = follow(head.roughness, step * step, averaged);
  // Steps of twice the noise are nothing that was not to be expected of the sensor.
  const rough = Math.log(Math.max(roughness, 4 * noise * noise));
  const ofLevel = isFirst ? 0 : (average - head.mean) / spread;
  const ofRoughness = isFirst ? 0 : Math.max(rough - head.roughMean, 0) / roughSpread;
  const distance = Math.sqrt(ofLevel * ofLevel + ofRoughness * ofRoughness);
  const strain = head.weight < fewest ? 0 : logRarity(head.tail, distance) / logTarget;
  return {
    value,
    near,
    average,
    roughness,
    rough,
    spread,
    roughSpread,
    ofLevel,
    ofRoughness,
    distance,
    strain,
  };
}

/** Learns from a reading; while the series is away, only how far. */
export function learnStance(head: StateHead, stance: Stance): void {
  const { average, rough, distance } = stance;
  if (head.weight === 0) {
    head.mean = average;
    head.roughMean = rough;
  }
  if (head.weight >= fewest) learnTail(head.tail, distance);
  const isAway = stance.strain > 1 || (head.away > 0 && distance > head.tail.threshold);
  head.latest = stance.near;
  head.average = average;
  head.roughness = stance.roughness;
  const known = isAway === head.away > 0 ? head.reached : 0;
  head.reached = Math.max(isAway ? known : known * reachedFade, stance.strain);
  head.away = isAway ? head.away + 1 : 0;
  if (head.away > longestAway) settle(head, stance);
  if (head.away === 0) learnBaseline(head, stance);
}

// What has been away for so long is at home there.
function settle(head: StateHead, { value, rough }: Stance): void {
  head.latest = value;
  head.average = value;
  head.mean = value;
  head.roughMean = rough;
  head.weight = weightAfterMove;
  head.away = 0;
  head.reached = 0;
}

function learnBaseline(head: StateHead, { average, rough, spread, roughSpread }: Stance): void {
  const rate = 1 / (head.weight + 1);
  const distance = average - head.mean;
  const move = head.weight < 4 ? distance : clampTo(distance, winsorAt * spread);
  head.mean += rate * move;
  head.variance += rate * (move * move - head.variance);
  const roughMove = clampTo(rough - head.roughMean, winsorAt * roughSpread);
  head.roughMean += rate * roughMove;
  head.roughVariance += rate * (roughMove * roughMove - head.roughVariance);
  head.weight = Math.min(head.weight + 1, slowMemory);
}
