import type { ColumnType, Generated } from "kysely";

export interface RuleRow {
  id: Generated<number>;
  name: string;
  sensor_type: string;
  enabled: boolean;
  version: Generated<number>;
  wish: unknown;
  changed_by: string;
  changed_at: Generated<Date>;
}

export interface RuleRunRow {
  device_id: string;
  sensor_type: string;
  rule: string;
  /** Written as a parameter; read in microseconds. */
  since: ColumnType<Date, Date | string, Date | string>;
}
