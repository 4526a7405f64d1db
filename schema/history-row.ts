import type { Generated } from "kysely";
import type { Instant } from "./row.ts";

/** Between which values the readings of a series were usual from a moment on. */
export interface ExpectedBandRow {
  device_id: string;
  sensor_type: string;
  at: Instant;
  low: number;
  high: number;
}

/** What the readings of a series come to in a minute or an hour. */
export interface RollupRow {
  device_id: string;
  sensor_type: string;
  bucket: Instant;
  sum: number;
  n: number;
  min: number;
  max: number;
  anomalies: number;
}

export interface HistoryStateRow {
  one: Generated<boolean>;
  announced: Generated<Date>;
  minutes_until: Generated<Date>;
  hours_until: Generated<Date>;
  readings_since: Generated<Date>;
  minutes_since: Generated<Date>;
  hours_since: Generated<Date>;
}

export interface LateSpanRow {
  id: Generated<number>;
  device_id: string;
  sensor_type: string;
  first: Instant;
  last: Instant;
}
