import type { AlarmGroup, AlarmRecord, AlarmSummary, AlarmWish } from "../schema/alarm.ts";
import type { AlarmEvent } from "../schema/event.ts";

/** A wish of an operator about the alarm as they saw it. */
export interface AlarmOrder {
  readonly wish: AlarmWish;
  /** The version that was looked at: granted only while it is still the newest. */
  readonly version: number;
  readonly by: string;
  readonly comment: string | null;
}

/** What became of an order; with the alarm as it is then. */
export type AlarmOutcome =
  | { readonly kind: "changed" | "stale" | "impossible"; readonly alarm: AlarmSummary }
  | { readonly kind: "unknown" };

/** The alarms. They are raised in the statement that stores the anomaly, by `ShardWriter.write`; all else happens here. */
export interface AlarmStore {
  /** Newest first, those with an id below `after`. */
  list(query: {
    group?: AlarmGroup | undefined;
    deviceId?: string | undefined;
    after?: number | undefined;
    limit: number;
  }): Promise<readonly AlarmSummary[]>;
  /** An alarm with what happened to it, oldest first; null when there is none. */
  find(id: number): Promise<{ alarm: AlarmSummary; events: readonly AlarmRecord[] } | null>;
  /** Does as an operator wishes, on record. */
  change(id: number, order: AlarmOrder): Promise<AlarmOutcome>;
  /**
   * Clears the alarms whose sensor had no anomaly for `clearMs`, and takes those off the shelf whose time there is over; answers how
   * many. Several processes may do it at the same time.
   */
  settle(clearMs: number): Promise<number>;
  /**
   * Hands what happened and was not announced yet to `say`, a bounded number of events, of an alarm in order, and notes that they were
   * once it resolves: what ends in between is said again. One process at a time; answers with what was said.
   */
  announce(say: (events: readonly AlarmEvent[]) => Promise<void>): Promise<readonly AlarmEvent[]>;
}
