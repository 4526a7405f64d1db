import type { Generated } from "kysely";
import type { AlarmChange, AlarmState, AlarmVerdict } from "./alarm.ts";
import type { Instant } from "./row.ts";

export interface AlarmRow {
  id: Generated<number>;
  device_id: string;
  sensor_type: string;
  rule: string;
  state: Generated<AlarmState>;
  version: Generated<number>;
  raised_at: Instant;
  last_at: Instant;
  heard_at: Generated<Date>;
  cleared_at: Date | null;
  anomalies: number;
  severity: Generated<number>;
  holds: Generated<boolean>;
  clear_seconds: number | null;
  opened_at: Generated<Date>;
  worsened_in: string | null;
  group_id: number | null;
  is_muted: Generated<boolean>;
  members: Generated<number>;
  peak_score: number;
  peak_value: number | null;
  peak_sentence: string;
  expected_low: number | null;
  expected_high: number | null;
  acknowledged_by: string | null;
  assignee: string | null;
  shelved_until: Instant | null;
  verdict: AlarmVerdict | null;
  judged_by: string | null;
  judged_at: Date | null;
  judged_note: string | null;
}

export interface AlarmEventRow {
  id: Generated<number>;
  alarm_id: number;
  version: number;
  change: AlarmChange;
  from_state: AlarmState | null;
  to_state: AlarmState;
  by: string;
  at: Generated<Date>;
  comment: string | null;
  announced_at: Date | null;
  verdict: AlarmVerdict | null;
}
