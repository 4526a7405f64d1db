import type { Generated } from "kysely";

export interface EmbedRow {
  id: string;
  device_id: string;
  label: string;
  hash: string;
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Date | null;
  last_used: Date | null;
}

export interface SavedViewRow {
  id: Generated<number>;
  owner: string;
  page: string;
  name: string;
  query: unknown;
  shared: boolean;
  changed_at: Generated<Date>;
}
