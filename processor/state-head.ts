import { follow } from "./spread.ts";
import { learnTail, logRarity, newTail, type Tail } from "./tail.ts";

/**
 * Whether a series is where it uses to be: its average over ten readings against a slow baseline, which stands still while it is away. One
 * reading hardly moves it; what lasts for several does, however softly it came.
 */
export interface StateHead {
  /** The average of the newest ten readings, each the median of three. */
  average: number;
  mean: number;
  variance: number;
  /** How many readings mean and variance stand for. */
  weight: number;
  /** How far the average uses to be away, in spreads. */
  readonly tail: Tail;
  /** How many readings it has been away; 0 while it is not. */
  away: number;
}

/** A reading as the head sees it, before anything is learnt from it. */
export interface Stance {
  readonly average: number;
  /** How far the average is from the baseline, in spreads of it; never negative. */
  readonly distance: number;
  /** 1 for what comes as rarely as is allowed. */
  readonly strain: number;
}

const averaged = 10;
const slowMemory = 2000 / Math.LN2;
const furthest = 30;
const winsorAt = 4;
/** Readings after which what is away is the new usual. */
const longestAway = 256;
const weightAfterMove = 60;
const fewest = 60;

export function newStateHead(): StateHead {
  return { average: 0, mean: 0, variance: 0, weight: 0, tail: newTail(), away: 0 };
}

/** Looks at a value, the median of the newest three. `floor` is the least spread of an average that is believed. */
export function stanceOf(
  head: StateHead,
  { value, floor, logTarget }: { value: number; floor: number; logTarget: number },
): Stance {
  if (head.weight === 0) return { average: value, distance: 0, strain: 0 };
  const spread = spreadOf(head, floor);
  const reach = furthest * spread;
  const near = Math.min(Math.max(value, head.mean - reach), head.mean + reach);
  const average = follow(head.average, near, averaged);
  const distance = Math.abs(average - head.mean) / spread;
  const strain = head.weight < fewest ? 0 : logRarity(head.tail, distance) / logTarget;
  return { average, distance, strain };
}

/** Learns from a reading; while the series is away only that it is. */
export function learnStance(head: StateHead, stance: Stance, floor: number): void {
  const { average, distance } = stance;
  head.average = average;
  if (head.weight === 0) head.mean = average;
  if (head.weight >= fewest) learnTail(head.tail, distance);
  const isAway = stance.strain > 1 || (head.away > 0 && distance > head.tail.threshold);
  head.away = isAway ? head.away + 1 : 0;
  if (head.away > longestAway) {
    head.mean = average;
    head.weight = weightAfterMove;
    head.away = 0;
  }
  if (head.away > 0) return;
  const rate = 1 / (head.weight + 1);
  const reach = winsorAt * spreadOf(head, floor);
  const move = average - head.mean;
  const tamed = head.weight < 4 ? move : Math.min(Math.max(move, -reach), reach);
  head.mean += rate * tamed;
  head.variance += rate * (tamed * tamed - head.variance);
  head.weight = Math.min(head.weight + 1, slowMemory);
}

function spreadOf({ variance }: StateHead, floor: number): number {
  return Math.max(Math.sqrt(variance), floor);
}
