import type { ColumnType, Generated } from "kysely";
import type { ModelComparison, ModelMetrics, SeriesRange } from "./model.ts";

export interface ModelRow {
  sensor_type: string;
  version: number;
  compiled: Buffer | null;
  seed: number;
  training_rows: number;
  created_at: Generated<Date>;
  digest: string | null;
  grower: string | null;
  created_by: Generated<string>;
  parent: number | null;
  before: number | null;
  series: ColumnType<readonly SeriesRange[] | null, unknown, unknown>;
  metrics: ColumnType<ModelMetrics | null, unknown, unknown>;
  replay: ColumnType<ModelComparison | null, unknown, unknown>;
  shadow_readings: Generated<number>;
  shadow_active: Generated<number>;
  shadow_candidate: Generated<number>;
  shadow_both: Generated<number>;
  verified_at: Date | null;
}

export interface ModelTypeRow {
  sensor_type: string;
  revision: Generated<number>;
  active: number | null;
  candidate: number | null;
  pinned: Generated<boolean>;
  noticed_at: Generated<Date>;
  order_by: string | null;
  order_at: Date | null;
  order_version: number | null;
  setback: string | null;
  setback_at: Date | null;
}

export interface ModelOverrideRow {
  sensor_type: string;
  device_id: string;
  version: number;
  by: string;
  at: Generated<Date>;
}
