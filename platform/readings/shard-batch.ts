import type { AnomalyEvent, PlatformEvent } from "../../schema/event.ts";
import type { Rejection } from "../../schema/rejection.ts";
import type { ScoredReading } from "../../schema/scored.ts";

export interface SeriesKey {
  readonly deviceId: string;
  readonly sensorType: string;
}

/** Names one shard's batch, so that its announcement happens once: `custody` is the record of the shard in the database, `batch` grows with it. */
export interface Receipt {
  readonly shard: number;
  readonly custody: string;
  readonly batch: number;
}

/** The frames of one origin that are accounted for. */
export interface OriginPosition {
  /** The highest sequence. */
  readonly last: number;
  /** Sequences below it that have not come: a cluster may let one overtake another. */
  readonly missing: readonly number[];
  /** When the last of them came, by the clock of the processor that wrote this, microseconds since the epoch. */
  readonly heardUs: number;
}

/** By origin. */
export type Positions = Readonly<Record<string, OriginPosition>>;

/** The state of one detector at a reading, kept beside the readings now and then, so that it need not be rebuilt from all of them. */
export interface DetectorAnchor extends SeriesKey {
  /** Of the newest reading in it. */
  readonly timestampUs: number;
  /** What wrote it; states of another format are as good as none. */
  readonly format: number;
  readonly state: Uint8Array;
}

/** Between which values the readings of a series are usual from a moment on, until another such band says otherwise. */
export interface ExpectedBand extends SeriesKey {
  readonly timestampUs: number;
  /** In the unit of the sensor. */
  readonly low: number;
  readonly high: number;
}

/** A reading that breaks an operator's rule. */
export interface RuleStrike extends SeriesKey {
  /** As its alarm names it. */
  readonly rule: string;
  readonly timestampUs: number;
  readonly value: number;
  readonly score: number;
  /** From 1. */
  readonly severity: number;
  readonly sentence: string;
  readonly expected: { readonly low: number; readonly high: number } | null;
  /** Whether its condition goes on at the end of the batch. */
  readonly holds: boolean;
  readonly clearSeconds: number;
}

/** What the readings of a batch mean to operators' own rules. */
export interface RuleSteps {
  readonly strikes: readonly RuleStrike[];
  /** Conditions that ended; one that began again after that is in the others as well. */
  readonly ends: readonly (SeriesKey & { readonly rule: string })[];
  /** Conditions that began, where it matters for how long they go on; microseconds since the epoch. */
  readonly begins: readonly (SeriesKey & { readonly rule: string; readonly sinceUs: number })[];
}

/** When the message with a reading came, and the gap between the messages of its series that is usual; null while it is not known. */
export interface Heard {
  readonly heardUs: number;
  readonly gapUs: number | null;
}

/** One batch of a shard as it goes to the database, in one transaction. */
export interface Batch {
  readonly readings: readonly ScoredReading[];
  readonly rejections: readonly Rejection[];
  /** Of the newest frame in the batch, microseconds since the epoch: when its devices were last heard of. */
  readonly receivedUs: number;
  /** Which frames are accounted for with this batch. */
  readonly positions: Positions;
  readonly anchors: readonly DetectorAnchor[];
  readonly bands: readonly ExpectedBand[];
  readonly steps: RuleSteps;
  readonly heard: ReadonlyMap<ScoredReading, Heard>;
  /** What is kept of a reading that the database will never have. */
  readonly toRefused: (reading: ScoredReading, reason: string) => Rejection;
}

export interface Written {
  /** How many readings were new; the others were stored before. */
  readonly inserted: number;
  /** The anomalies among the new ones, as they were stored. */
  readonly anomalies: readonly AnomalyEvent[];
  /** Devices that were unknown or inactive until this batch. */
  readonly awakened: readonly string[];
  /** Readings that became rejections, since the database will never have them. */
  readonly refused: readonly ScoredReading[];
  /** Rejections that the database will not have either; there is nowhere to keep them. */
  readonly dropped: readonly Rejection[];
  readonly receipt: Receipt;
}

/** What the database knows of a shard when its pen is taken. */
export interface Custody {
  readonly positions: Positions;
  /** The last batch that had something to announce. */
  readonly unsaid: { readonly events: readonly PlatformEvent[]; readonly receipt: Receipt } | null;
}
