import type { Reading } from "./reading.ts";

/** Why a reading was found unusual, in the words and numbers an operator needs. */
export interface Explanation {
  /** One plain sentence, e.g. `Temperature 41.2 °C; 19.8 to 24.6 is usual here.` */
  readonly sentence: string;
  /** The band the detector expected, in the sensor's unit; null while it cannot tell. */
  readonly expected: { readonly low: number; readonly high: number } | null;
}

/** A reading with the verdict on it. */
export interface ScoredReading extends Reading {
  /** How unusual the reading is, 0 (ordinary) to 1. */
  readonly score: number;
  readonly isAnomaly: boolean;
  /** How sure the detector is of its result, 0 to 1. */
  readonly confidence: number;
  /** The model that spoke, e.g. `temperature@factory-1`, or `none` while a type has no model. */
  readonly modelVersion: string;
  /** Not newer than its series was: judged, but nothing was learnt from it. */
  readonly isLate: boolean;
  /** Present exactly when `isAnomaly`. */
  readonly explanation: Explanation | null;
}
