import type { ColumnType, Generated } from "kysely";
import type { NotificationContent } from "./digest.ts";
import type { NotificationState, RouteSettings } from "./notification.ts";

export interface NotificationRouteRow {
  id: Generated<number>;
  name: string;
  version: Generated<number>;
  enabled: boolean;
  channel: string;
  settings: ColumnType<Omit<RouteSettings, "name" | "channel" | "isEnabled">, string, string>;
  url: string | null;
  secret: string | null;
  created_at: Generated<Date>;
  served_until: Date | null;
}

export interface NotificationRow {
  id: Generated<string>;
  number: Generated<number>;
  route_id: number;
  kind: NotificationContent["kind"];
  alarm_id: number | null;
  alarm_version: number | null;
  severity: string;
  score: number;
  content: ColumnType<NotificationContent, string, string>;
  state: Generated<NotificationState>;
  digest_id: string | null;
  queued_at: Generated<Date>;
  due_at: Generated<Date>;
  gathers: Generated<boolean>;
  attempts: Generated<number>;
  last_error: string | null;
  sent_at: Date | null;
}
