import type { Reading } from "../schema/reading.ts";
import type { Explanation, ScoredReading } from "../schema/scored.ts";
import { type SensorType, sensorTypes } from "../schema/sensors.ts";
import {
  advance,
  isLate,
  isWarm,
  type Observation,
  observe,
  passOver,
  type SeriesState,
  spread,
} from "./channels.ts";
import { explainImpossible, explainSurprise, explainUntypical } from "./explanation.ts";
import { evidence, type Model } from "./model.ts";

/** The version that speaks while a type has no model. */
export const noModel = "none";

/** What one judge says; `strain` 1 is the line between ordinary and anomalous. */
interface Verdict {
  readonly strain: number;
  /** How much the judge knows, 0 to 1. */
  readonly knowledge: number;
  readonly explain: () => Explanation;
}

/**
 * Judges a reading against its series, then lets the series learn from it. A reading that is not newer than the last one is
 * judged, but teaches nothing, so delivering one twice changes nothing.
 */
export function scoreReading(reading: Reading, state: SeriesState, model: Model | undefined): ScoredReading {
  const type = sensorTypes.get(reading.sensorType);
  const isReadingLate = isLate(state, reading.timestampUs);
  const seen = observe(state, reading.value);
  const verdict = judge({ reading, state, model, type, seen });
  const isAnomaly = verdict.strain > 1;
  // The explanation speaks of the series as it was before this reading.
  const explanation = isAnomaly ? verdict.explain() : null;
  learnReading(state, reading, seen);
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
    isLate: isReadingLate,
    explanation,
  };
}

/** Lets a series learn from a reading, as `scoreReading` does after judging it; late and impossible ones teach nothing. */
export function learnReading(
  state: SeriesState,
  reading: { readonly timestampUs: number; readonly value: number },
  seen: Observation = observe(state, reading.value),
): void {
  if (isLate(state, reading.timestampUs)) return;
  const type = sensorTypes.get(state.sensorType);
  if (type !== undefined && !isPossible(type, reading.value)) passOver(state, reading.timestampUs);
  else advance(state, seen, reading.timestampUs);
}

function judge(at: {
  reading: Reading;
  state: SeriesState;
  model: Model | undefined;
  type: SensorType | undefined;
  seen: Observation;
}): Verdict {
  const { reading, state, model, type, seen } = at;
  if (type !== undefined && !isPossible(type, reading.value)) {
    const explain = () => explainImpossible(reading.sensorType, reading.value, type.physical);
    return { strain: Number.MAX_VALUE, knowledge: 1, explain };
  }
  if (model !== undefined && isWarm(state)) {
    return {
      strain: evidence(model.forest, seen.channels) / model.limit,
      knowledge: state.weight / (state.weight + 20),
      explain: () => explainSurprise(state, reading.value, seen),
    };
  }
  if (type === undefined) return { strain: 0, knowledge: 0.1, explain: noExplanation };
  return {
    strain: untypicality(type, state, reading.value),
    knowledge: 0.5 + (0.3 * Math.min(state.count, 60)) / 60,
    explain: () => explainUntypical(reading.sensorType, reading.value, type.typical),
  };
}

// As far outside the typical range as the range is wide is the line. What agrees with the few readings there are counts for less,
// the more of them there are: a greenhouse at 33 °C is no anomaly for its whole first minute, an oven at 100 °C is.
function untypicality(type: SensorType, state: SeriesState, value: number): number {
  const { low, high } = type.typical;
  const outside = Math.max(low - value, value - high, 0) / (high - low);
  const agrees = state.count >= 3 && Math.abs(value - state.mean) < 6 * spread(state);
  return agrees ? outside / (1 + state.count / 4) : outside;
}

function isPossible(type: SensorType, value: number): boolean {
  return value >= type.physical.low && value <= type.physical.high;
}

/** 0.5 at the line, above it exactly for anomalies; grows with the strain. */
function scoreOf(strain: number): number {
  return 1 - 2 ** -(Math.min(strain, 10) ** 4);
}

// Four digits say all there is to say and keep rows and frames short. A reading on the line stays on its side of it.
function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

function noExplanation(): Explanation {
  return { sentence: "", expected: null };
}
