import type { HistorySeries } from "../../schema/history.ts";

export interface HistoryWish {
  readonly deviceIds: readonly string[];
  /** Null: all that the devices have. */
  readonly sensorTypes: readonly string[] | null;
  /** Microseconds since the epoch; `toUs` is not in it. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Most points of a series, 2 or more. */
  readonly points: number;
}

export interface HistoryStore {
  /** What each series did in the range, by device and sensor type, the devices in the order of their ids. */
  history(wish: HistoryWish): Promise<readonly HistorySeries[]>;
}

/** Days after which each level is removed; 0: never. */
export interface HistoryRetention {
  readonly readingsDays: number;
  readonly minutesDays: number;
  readonly hoursDays: number;
}

export interface RollupStore {
  /**
   * Rolls up what is settled, and again what came late; does nothing while another process is at it. To be asked again and again: what
   * one look settles, the next one rolls up.
   */
  rollUp(): Promise<void>;
  /** Removes what is older than it may be, once it is rolled up. False: another process is at the history; to be asked again soon. */
  forget(retention: HistoryRetention): Promise<boolean>;
}
