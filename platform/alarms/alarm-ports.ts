import type { AlarmGroup, AlarmRecord, AlarmSummary, AlarmWish } from "../../schema/alarm.ts";
import type { AlarmEvent } from "../../schema/event.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";

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

/** Something to raise an alarm about. */
export interface AlarmRaise extends SeriesKey {
  /** Empty when it is about the whole device. */
  readonly sensorType: string;
  readonly rule: string;
  /** When it was so, microseconds since the epoch: what is not newer than what the open alarm has is known, and passed over. */
  readonly atUs: number;
  /** How bad it is, 0 to 1: the severity follows from it, and the worst is what the alarm shows. */
  readonly score: number;
  readonly value: number | null;
  readonly sentence: string;
  readonly expected: { readonly low: number; readonly high: number } | null;
  /** Whether it goes on until `settleRule` ends it; otherwise quiet does. */
  readonly holds: boolean;
}

/** When many alarms of one rule and sensor type are one. */
export interface StormLimits {
  /** So many devices at least; 0: never. */
  readonly devices: number;
  /** And at least this share of the active devices of the type. */
  readonly sharePercent: number;
  /** Raised within so long. */
  readonly windowMs: number;
}

/** The alarms. What readings raise is raised in the statement that stores them, by `ShardWriter.write`; all else happens here. */
export interface AlarmStore {
  /** Raises alarms that no batch raises, or counts in those that are open; answers how many were new. */
  raise(raises: readonly AlarmRaise[]): Promise<number>;
  /** Clears the open alarms of a rule about these series (or devices, without a sensor type) at once; answers how many. */
  settleRule(rule: string, keys: readonly SeriesKey[]): Promise<number>;
  /** Newest first, those with an id below `after`. */
  list(query: {
    group?: AlarmGroup | undefined;
    deviceId?: string | undefined;
    sensorType?: string | undefined;
    rule?: string | undefined;
    /** Those that had begun at this moment and went on, microseconds since the epoch. */
    atUs?: number | undefined;
    /** Members of this one. */
    of?: number | undefined;
    /** Without those that belong to a group. */
    isFolded?: boolean | undefined;
    after?: number | undefined;
    limit: number;
  }): Promise<readonly AlarmSummary[]>;
  /** An alarm with what happened to it, oldest first; null when there is none. */
  find(id: number): Promise<{ alarm: AlarmSummary; events: readonly AlarmRecord[] } | null>;
  /** Does as an operator wishes, on record. */
  change(id: number, order: AlarmOrder): Promise<AlarmOutcome>;
  /**
   * Clears the alarms that were quiet for `clearMs` (or for as long as their rule says) and hold no more, and takes those off the shelf whose time there is over; answers how
   * many. Several processes may do it at the same time.
   */
  settle(clearMs: number): Promise<number>;
  /**
   * Makes one alarm of many that were raised at once, before anybody hears of them. To be called before `announce`; false when another
   * process is at one of the two, and nothing shall be announced from here.
   */
  gather(limits: StormLimits): Promise<boolean>;
  /**
   * Hands what happened and was not announced yet to `say`, a bounded number of events, of an alarm in order, and notes that they were
   * once it resolves: what ends in between is said again. One process at a time; answers with what was said.
   */
  announce(say: (events: readonly AlarmEvent[]) => Promise<void>): Promise<readonly AlarmEvent[]>;
  /** Removes what was cleared more than so many days ago, and what happened to it; answers how many. */
  forgetCleared(days: number): Promise<number>;
}
