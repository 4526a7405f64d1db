import type { ColumnType, Generated } from "kysely";
import type { AlarmEventRow, AlarmRow } from "./alarm-row.ts";
import type { EmbedRow, SavedViewRow } from "./console-row.ts";
import type { Shares } from "./event.ts";
import type { ExpectedBandRow, HistoryStateRow, LateSpanRow, RollupRow } from "./history-row.ts";
import type { ModelOverrideRow, ModelRow, ModelTypeRow } from "./model-row.ts";
import type { NotificationRouteRow, NotificationRow } from "./notification-row.ts";
import type { RuleRow, RuleRunRow } from "./rule-row.ts";
import type { TuningPreviewRow, TuningRow } from "./tuning-row.ts";

/** Written as a parameter, read as text: `Date` would drop the microseconds, so queries select microseconds instead. */
export type Instant = ColumnType<Date, Date | string, Date | string>;

export interface ReadingRow {
  device_id: string;
  sensor_type: string;
  ts: Instant;
  value: number;
  score: number;
  is_anomaly: boolean;
  model_version: string;
  is_late: Generated<boolean>;
}

export interface DeviceLatestRow extends Omit<ReadingRow, "is_late"> {
  confidence: number;
  heard_at: Instant | null;
  gap_ms: number | null;
}

export interface AnomalyRow {
  device_id: string;
  sensor_type: string;
  ts: Instant;
  value: number;
  score: number;
  confidence: number;
  model_version: string;
  sentence: string;
  expected_low: number | null;
  expected_high: number | null;
  shares: Generated<Shares>;
  sensors: string[] | null;
  learnt: number | null;
}

export interface DeviceRow {
  device_id: string;
  first_seen: Instant;
  last_seen: Instant;
  active: boolean;
  gap_ms: number | null;
}

export interface RejectedRow {
  id: string;
  code: string;
  reason: string;
  device_id: string | null;
  source: string;
  payload: string;
  payload_bytes: number;
  received_at: Instant;
}

export interface CustodyRow {
  stream_id: string;
  shard: number;
  id: Generated<string>;
  batch: Generated<number>;
  stored: Generated<number>;
  duplicate: Generated<number>;
  rejected: Generated<number>;
  observed: Generated<number>;
  setback: Generated<number>;
  server: string | null;
  positions: Generated<unknown>;
  unsaid: unknown;
}

export interface LedgerJournalRow {
  id: Generated<number>;
  device_ids: string[];
  received: number[];
  stored: number[];
  rejected: number[];
}

export interface DeviceLedgerRow {
  device_id: string;
  stored: number;
  duplicate: number;
  rejected: number;
}

export interface DetectorAnchorRow {
  device_id: string;
  sensor_type: string;
  ts: Instant;
  format: number;
  state: Buffer;
}

export interface SettingRow {
  key: string;
  value: unknown;
}

export interface AuditRow {
  id: Generated<number>;
  at: Generated<Date>;
  by: string;
  action: string;
  target: string;
  before: unknown;
  after: unknown;
}

export interface PrincipalRow {
  user_name: string;
  enabled: Generated<boolean>;
  labels: Generated<unknown>;
  publish: string[] | null;
  subscribe: string[] | null;
  created_at: Generated<Date>;
}

export interface CredentialRow {
  id: Generated<string>;
  user_name: string;
  hash: string;
  created_at: Generated<Date>;
  valid_until: Instant | null;
}

export interface ClaimTokenRow {
  name: string;
  digest: Buffer;
  labels: Generated<unknown>;
  max_uses: number;
  uses: Generated<number>;
  expires_at: Instant;
  created_at: Generated<Date>;
}

export interface RevokedCertificateRow {
  fingerprint: string;
  device_id: string;
  revoked_at: Generated<Date>;
}

export interface SecretRow {
  name: string;
  secret: Buffer;
  created_at: Generated<Date>;
}

export interface OperatorRow {
  name: string;
  password: string;
  role: string;
  disabled: Generated<boolean>;
  created_at: Generated<Date>;
  last_login: Date | null;
}

export interface SessionRow {
  hash: string;
  operator: string;
  expires_at: Instant;
  seen_at: Generated<Date>;
}

export interface ApiTokenRow {
  id: string;
  name: string;
  hash: string;
  role: string;
  read_only: boolean;
  paths: string[] | null;
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Instant;
  last_used: Date | null;
}

export interface FirstAdminRow {
  one: Generated<boolean>;
  hash: string;
}

export interface BrokerRow {
  id: string;
  beat_at: Generated<Date>;
}

export interface PresenceRow {
  device_id: string;
  is_online: boolean;
  since: Instant;
  reason: string;
  broker: string;
}

export interface CommandRow {
  id: Generated<string>;
  number: Generated<number>;
  device_id: string;
  name: string;
  payload: string;
  by: string;
  queued_at: Generated<Date>;
  expires_at: Instant;
  sent_at: Date | null;
  delivered_at: Date | null;
  answered_at: Date | null;
  answer: string | null;
  cancelled_at: Date | null;
}

/** Every table, for Kysely. */
export interface Tables {
  readings: ReadingRow;
  readings_1m: RollupRow;
  readings_1h: RollupRow;
  history_state: HistoryStateRow;
  late_spans: LateSpanRow;
  device_latest: DeviceLatestRow;
  anomalies: AnomalyRow;
  devices: DeviceRow;
  models: ModelRow;
  model_types: ModelTypeRow;
  model_overrides: ModelOverrideRow;
  rejected: RejectedRow;
  settings: SettingRow;
  custody: CustodyRow;
  ledger_journal: LedgerJournalRow;
  device_ledger: DeviceLedgerRow;
  detector_anchors: DetectorAnchorRow;
  expected_bands: ExpectedBandRow;
  audit: AuditRow;
  principals: PrincipalRow;
  credentials: CredentialRow;
  claim_tokens: ClaimTokenRow;
  revoked_certificates: RevokedCertificateRow;
  secrets: SecretRow;
  operators: OperatorRow;
  sessions: SessionRow;
  api_tokens: ApiTokenRow;
  embeds: EmbedRow;
  saved_views: SavedViewRow;
  first_admin: FirstAdminRow;
  brokers: BrokerRow;
  presence: PresenceRow;
  commands: CommandRow;
  alarms: AlarmRow;
  alarm_events: AlarmEventRow;
  rules: RuleRow;
  rule_runs: RuleRunRow;
  notification_routes: NotificationRouteRow;
  notifications: NotificationRow;
  tunings: TuningRow;
  tuning_previews: TuningPreviewRow;
}
