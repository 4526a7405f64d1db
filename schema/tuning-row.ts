import type { ColumnType, Generated } from "kysely";
import type { PreviewOutcome, Tuning } from "./tuning.ts";

/** Written as JSON text, read as what it means. */
type Json<T> = ColumnType<T | null, string | null, string | null>;

export interface TuningRow {
  id: Generated<number>;
  sensor_type: string;
  device_id: string | null;
  tuning: Json<Tuning>;
  before_id: number | null;
  preview_id: number | null;
  by: string;
  at: Generated<Date>;
}

export interface TuningPreviewRow {
  id: Generated<number>;
  sensor_type: string;
  device_id: string | null;
  days: number;
  wish: Json<Tuning>;
  tuning_id: number;
  by: string;
  asked_at: Generated<Date>;
  taken_by: string | null;
  taken_until: Date | null;
  tries: Generated<number>;
  done_at: Date | null;
  outcome: Json<PreviewOutcome>;
  failure: string | null;
}
