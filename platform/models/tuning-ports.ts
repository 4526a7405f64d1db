import type { AlarmVerdict } from "../../schema/alarm.ts";
import type {
  PreviewOutcome,
  PreviewSummary,
  Tuning,
  TuningScope,
  TuningSummary,
} from "../../schema/tuning.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";

/** What an operator wants to see before it comes true. */
export interface PreviewOrder extends TuningScope {
  /** Null: whatever is the mildest that would have removed the false alarms. */
  readonly wish: Tuning | null;
  readonly days: number;
  readonly by: string;
}

/** A preview that somebody has to work out. */
export interface PreviewTask extends TuningScope {
  readonly id: number;
  readonly wish: Tuning | null;
  readonly days: number;
}

/** What became of a wish to change a tuning. */
export type TuningOutcome =
  | { readonly kind: "changed"; readonly tuning: TuningSummary }
  /** Not known; not worked out yet; or the tuning was changed since. */
  | { readonly kind: "unknown" | "unfinished" | "stale" };

/** An alarm of the detector, as a replay needs it. */
export interface JudgedAlarm extends SeriesKey {
  readonly id: number;
  readonly raisedUs: number;
  readonly lastUs: number;
  readonly sentence: string;
  readonly verdict: AlarmVerdict | null;
}

/** Where operators moved the line to, and what that would have changed. */
export interface TuningStore {
  /** Grows with every change, so that whoever knows it need not read what has not changed. */
  version(): Promise<number>;
  /** The newest tuning of each scope, by sensor type and device; those that were taken away are left out. */
  current(): Promise<readonly TuningSummary[]>;
  /** Keeps the question until a processor answers it. */
  ask(order: PreviewOrder): Promise<PreviewSummary>;
  /**
   * Asks in the name of the platform for what would have removed the false alarms of a series, once there are two in a week and it is not asked
   * already.
   */
  suggest(series: SeriesKey): Promise<void>;
  preview(id: number): Promise<PreviewSummary | null>;
  /** What the platform found out about a series by itself and still holds; null when there is nothing to say. */
  suggestion(series: SeriesKey): Promise<PreviewSummary | null>;
  /** Makes a previewed tuning the one of its scope, on record. */
  apply(previewId: number, by: string): Promise<TuningOutcome>;
  /** Brings back what a tuning took the place of, on record; "stale" when it is not the newest of its scope. */
  rollBack(id: number, by: string): Promise<TuningOutcome>;
}

/** The processors' side of previews. */
export interface PreviewStore {
  /**
   * Takes the oldest question that nobody works on, for `leaseMs`; null when there is none. One that was taken three times and never answered
   * has failed.
   */
  take(worker: string, leaseMs: number): Promise<PreviewTask | null>;
  /** Goes on holding it; false when somebody else has taken it. */
  renew(id: number, worker: string, leaseMs: number): Promise<boolean>;
  /** Answers it, unless somebody else has taken it. */
  finish(
    id: number,
    worker: string,
    answer: { outcome: PreviewOutcome } | { failure: string },
  ): Promise<void>;
  /** Removes what was answered more than so many days ago, suggestions too: it says nothing of the days since. Answers how many. */
  forgetOlderThan(days: number): Promise<number>;
  /** The alarms of the detector raised in this scope since then, oldest first. */
  alarmsSince(scope: TuningScope, sinceUs: number): Promise<readonly JudgedAlarm[]>;
  /** The series of a scope, those with most alarms since then first, at most `limit`; and how many there are. */
  seriesOf(
    scope: TuningScope,
    query: { sinceUs: number; limit: number },
  ): Promise<{ series: readonly SeriesKey[]; all: number }>;
  /** The moment of the reading so many readings before `beforeUs`, or of the oldest there is; `beforeUs` when there is none. */
  readingsBefore(series: SeriesKey, beforeUs: number, count: number): Promise<number>;
  /** Stored readings that taught, from `fromUs` to before `untilUs`, oldest first, at most `limit`. */
  readings(
    series: SeriesKey,
    query: { fromUs: number; untilUs: number; limit: number },
  ): Promise<readonly { readonly timestampUs: number; readonly value: number }[]>;
}
