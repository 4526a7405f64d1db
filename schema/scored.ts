import type { Reading } from "./reading.ts";

/**
 * What is watched in every series: its level; the same smoothed; the step from the reading before; the short average against the long
 * one; how restless it is; what is usual at the time of day and at the hour of the week; the course of the last four readings; and what
 * lies beyond anything met.
 */
export const channelNames = [
  "level",
  "smoothed",
  "jump",
  "trend",
  "volatility",
  "daily",
  "weekly",
  "shape",
  "range",
] as const;
export type ChannelName = (typeof channelNames)[number];

/** How much of a verdict a channel accounts for, 0 to 1. */
export interface ChannelShare {
  readonly channel: ChannelName;
  readonly share: number;
}

/** Why a reading was found unusual, in the words and numbers an operator needs. */
export interface Explanation {
  /** One plain sentence, e.g. `Temperature 41.2 °C; 19.8 to 24.6 is usual here.` */
  readonly sentence: string;
  /** The band the detector expected, in the sensor's unit; null while it cannot tell. */
  readonly expected: { readonly low: number; readonly high: number } | null;
  /** The channels that spoke, the weightiest first; absent when no channel was asked. */
  readonly shares?: readonly ChannelShare[];
  /** The sensors of the device whose values spoke; absent when it was its own alone. */
  readonly sensors?: readonly string[];
  /** How many readings the series had learnt from, while these are fewer than `learningReadings`. */
  readonly learnt?: number;
}

/** Readings of a series before its own history speaks for it. */
export const learningReadings = 60;

/** A reading with the verdict on it. */
export interface ScoredReading extends Reading {
  /** How unusual the reading is, 0 (ordinary) to 1. */
  readonly score: number;
  readonly isAnomaly: boolean;
  /** How sure the detector is of its result, 0 to 1. */
  readonly confidence: number;
  /** The model that spoke, e.g. `temperature@factory-2`, or `none` while a type has no model. */
  readonly modelVersion: string;
  /** Not newer than its series was: judged, but nothing was learnt from it. */
  readonly isLate: boolean;
  /** Present exactly when `isAnomaly`. */
  readonly explanation: Explanation | null;
}

export const severities = ["none", "minor", "major", "critical"] as const;
export type Severity = (typeof severities)[number];

/** How much a score of 0 to 1 matters: `none` up to the line at 0.5, and never less for a higher score. */
export function severityOf(score: number): Severity {
  if (!(score > 0.5)) return "none";
  if (score < 0.8) return "minor";
  return score < 0.95 ? "major" : "critical";
}
