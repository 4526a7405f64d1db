import type { Reading } from "../schema/reading.ts";
import type { Explanation, ScoredReading } from "../schema/scored.ts";
import { type Range, type SensorType, sensorTypes } from "../schema/sensors.ts";
import { isNews, type Observation, observe } from "./channels.ts";
import {
  explainAway,
  explainImpossible,
  explainStuck,
  explainSurprise,
  explainUntypical,
} from "./explanation.ts";
import { advance, passOver, rememberLate } from "./learning.ts";
import { strainAt } from "./lines.ts";
import { type Manner, usualManner } from "./manner.ts";
import { evidence, evidenceOfSize, type Model } from "./model.ts";
import { hasPlace } from "./quantity.ts";
import { isLate, isWarm, type SeriesState, warmAfter } from "./series.ts";
import { place, spreadOf } from "./spread.ts";

/** The version that speaks while a type has no model. */
export const noModel = "none";

const stuckStrain = 1.5;
/** The most that a series' own history weighs beside the forest of its type, and the readings at which it weighs half of that. */
const mostOwnShare = 0.8;
const ownShareAt = 250;
const oldNewsStrain = 0.5;
/** Readings in which the state head does not repeat what the channels have said. */
const toldLately = 32;

/** What one judge says; `strain` 1 is the line between ordinary and anomalous. */
interface Verdict {
  readonly strain: number;
  /** How much the judge knows, 0 to 1. */
  readonly knowledge: number;
  readonly explain: () => Explanation;
}

const nothingKnown: Verdict = {
  strain: 0,
  knowledge: 0.1,
  explain: () => ({ sentence: "", expected: null }),
};

/** All that a verdict follows from. */
interface Case {
  readonly reading: Reading;
  readonly state: SeriesState;
  readonly model: Model | undefined;
  readonly type: SensorType | undefined;
  readonly seen: Observation;
  readonly manner: Manner;
}

/**
 * Judges a reading against its series, then lets the series learn from it. A reading that is not newer than the last one is
 * judged, but teaches nothing, so delivering one twice changes nothing that is said of those in time.
 */
export function scoreReading(reading: Reading, state: SeriesState, model: Model | undefined): ScoredReading {
  return scoreAs(usualManner, { reading, state, model });
}

/** As `scoreReading`, by another line or in other words; the series learns the same. */
export function scoreAs(
  manner: Manner,
  { reading, state, model }: { reading: Reading; state: SeriesState; model: Model | undefined },
): ScoredReading {
  const seen = observe(state, reading.value, reading.timestampUs);
  // Its explanation speaks of the series as it was before this reading.
  const scored = judgeReading(manner, { reading, state, model, seen });
  learnReading(state, reading, seen);
  return scored;
}

/** The verdict of `scoreAs` on a reading that `observe` has looked at; changes nothing. */
export function judgeReading(
  manner: Manner,
  { reading, state, model, seen }: Omit<Case, "type" | "manner">,
): ScoredReading {
  const type = sensorTypes.get(reading.sensorType);
  const verdict = judge({ reading, state, model, type, seen, manner });
  const isAnomaly = verdict.strain > 1;
  const score = scoreOf(verdict.strain);
  // Sure is who knows much and is far from the line.
  const confidence = verdict.knowledge * (0.5 + Math.abs(score - 0.5));
  return {
    deviceId: reading.deviceId,
    sensorType: reading.sensorType,
    timestampUs: reading.timestampUs,
    value: reading.value,
    score: rounded(score),
    isAnomaly,
    confidence: rounded(confidence),
    modelVersion: model?.version ?? noModel,
    isLate: isLate(state, reading.timestampUs),
    explanation: isAnomaly ? explained(verdict, state) : null,
  };
}

function explained(verdict: Verdict, state: SeriesState): Explanation {
  const explanation = verdict.explain();
  return isWarm(state) ? explanation : { ...explanation, learnt: state.count };
}

/** Lets a series learn from a reading, as `scoreReading` does after judging it; late and impossible ones teach nothing. */
export function learnReading(
  state: SeriesState,
  reading: { readonly timestampUs: number; readonly value: number },
  seen: Observation = observe(state, reading.value, reading.timestampUs),
): void {
  const type = sensorTypes.get(state.sensorType);
  const isWrong = type !== undefined && !isPossible(type, reading.value);
  if (isLate(state, reading.timestampUs)) {
    if (!isWrong) rememberLate(state, seen);
  } else if (isWrong) passOver(state, reading.timestampUs);
  else advance(state, seen);
}

function judge(at: Case): Verdict {
  const { reading, state, type, seen, manner } = at;
  if (type !== undefined && !isPossible(type, reading.value)) {
    const explain = () => explainImpossible(reading.sensorType, reading.value, type.physical);
    return { strain: Number.MAX_VALUE, knowledge: 1, explain };
  }
  // What an interval added cannot be told from a counter's reading alone, and the one before it is not known any more.
  if (state.kind === "counter" && isLate(state, reading.timestampUs)) return nothingKnown;
  if (seen.becomesStuck && manner.tellsStuck) {
    const repeats = state.rests.run + 1;
    return { strain: stuckStrain, knowledge: 0.9, explain: () => explainStuck(state, seen, repeats) };
  }
  const line = strainAt(manner.line, seen.target);
  return isWarm(state) ? judgeByItself(at, line) : judgeByType(at, line);
}

function judgeByItself(at: Case, line: number): Verdict {
  const { reading, state, seen, manner } = at;
  const ofEvent = strainOf(at, line) / line;
  // Where a series stands follows from the order of its readings.
  const hasStance = hasPlace(state.kind) && !isLate(state, reading.timestampUs);
  const ofState = hasStance ? seen.stance.strain / line : 0;
  const isKnown = seen.isOnSchedule;
  const event = !isKnown && isNews(state, seen, manner.line) ? ofEvent : oldNews(ofEvent);
  const stance = !isKnown && isStanceNews(state, manner.line, line) ? ofState : oldNews(ofState);
  const explain = stance > event ? explainAway : explainSurprise;
  return {
    strain: Math.max(event, stance),
    knowledge: state.weight / (state.weight + 20),
    explain: () => explain(state, seen, manner.calendar),
  };
}

function judgeByType({ reading, state, type }: Case, line: number): Verdict {
  const typical = type?.typical ?? null;
  if (typical === null) return nothingKnown;
  return {
    strain: untypicality(typical, state, reading.value) / line,
    knowledge: 0.5 + (0.3 * state.count) / warmAfter,
    explain: () => explainUntypical(state, reading.value, typical),
  };
}

// A young series knows its own tail badly: there the forest that was grown on the fleet says more. Where even its loudest word would
// leave the reading below the line it is not asked, since asking takes as long as all the rest.
function strainOf({ state, model, seen }: Case, line: number): number {
  if (model === undefined) return seen.strain;
  const share = (mostOwnShare * state.count) / (state.count + ownShareAt);
  const size = evidenceOfSize(seen.channels);
  const most = share * seen.strain + (1 - share) * ((1 + size) / model.limit);
  if (most <= line) return Math.min(seen.strain, most);
  return share * seen.strain + (1 - share) * (evidence(model.forest, seen.channels, size) / model.limit);
}

// One alarm an episode: what does not exceed by far what was said lately is no news, however unusual it is.
function oldNews(strain: number): number {
  return Math.min(strain / 2, oldNewsStrain);
}

// That a series has left its place is told when it goes beyond the line, unless what took it there was told.
function isStanceNews({ head, count, toldAt }: SeriesState, line: number, strainAtLine: number): boolean {
  return head.reached <= strainAtLine && count - (toldAt[line] ?? 0) > toldLately;
}

// As far outside the typical range as the range is wide is the line. What agrees with the few readings there are counts for less,
// the more of them there are: a greenhouse at 33 °C is no anomaly for its whole first minute, an oven at 100 °C is.
function untypicality({ low, high }: Range, state: SeriesState, value: number): number {
  const outside = Math.max(low - value, value - high, 0) / (high - low);
  const agrees = state.count >= 3 && Math.abs(value - state.mean) < 6 * spreadOf(state, place.level);
  return agrees ? outside / (1 + state.count / 4) : outside;
}

function isPossible(type: SensorType, value: number): boolean {
  return value >= type.physical.low && value <= type.physical.high;
}

/** 0.5 at the line, above it exactly for anomalies; grows with the strain. */
function scoreOf(strain: number): number {
  const cube = Math.min(Math.max(strain, 0), 100) ** 3;
  return cube / (1 + cube);
}

// Four digits say all there is to say and keep rows and frames short. A reading on the line stays on its side of it.
function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
