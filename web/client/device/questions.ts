import type { Static } from "typebox";
import type { AlarmsAnswer } from "../../../schema/alarm.ts";
import type {
  AnomaliesAnswer,
  DeviceLedgerAnswer,
  DeviceSummary,
  DevicesAnswer,
  ReadingsAnswer,
  RejectedAnswer,
} from "../../../schema/api.ts";
import type { HistoryAnswer } from "../../../schema/history.ts";
import type { ModelsAnswer } from "../../../schema/model.ts";
import { ask } from "../shell/server-api.ts";

type Ledger = Static<typeof DeviceLedgerAnswer>;
type Models = Static<typeof ModelsAnswer>;

export interface HistoryWish {
  readonly deviceId: string;
  readonly fromUs: number;
  /** Until now when left out. */
  readonly toUs?: number | undefined;
  /** Most points of a sensor. */
  readonly points: number;
}

export function fetchHistory({ deviceId, fromUs, toUs, points }: HistoryWish): Promise<HistoryAnswer> {
  const query = new URLSearchParams({ device: deviceId, from: String(fromUs), points: String(points) });
  if (toUs !== undefined) query.set("to", String(toUs));
  return ask(`history?${query}`);
}

/** Whether the device is connected; null when it does not speak MQTT itself, or the list does not have it. */
export async function fetchConnection(deviceId: string): Promise<DeviceSummary["connection"]> {
  const query = new URLSearchParams({ q: deviceId, limit: "1000" });
  const { devices } = await ask<Pick<DevicesAnswer, "devices">>(`devices?${query}`);
  return devices.find(({ id }) => id === deviceId)?.connection ?? null;
}

/** The newest reading of every sensor, however old it is. */
export function fetchLatest(deviceId: string): Promise<ReadingsAnswer> {
  return ask(`readings?limit=1&${new URLSearchParams({ device: deviceId })}`);
}

export function fetchDeviceAnomalies(deviceId: string): Promise<AnomaliesAnswer> {
  return ask(`anomalies?limit=500&${new URLSearchParams({ device: deviceId })}`);
}

export function fetchDeviceAlarms(deviceId: string): Promise<AlarmsAnswer> {
  return ask(`alarms?limit=50&${new URLSearchParams({ device: deviceId })}`);
}

export function fetchDeviceRejected(deviceId: string): Promise<RejectedAnswer> {
  return ask(`rejected?limit=20&${new URLSearchParams({ device: deviceId })}`);
}

export function fetchDeviceLedger(deviceId: string): Promise<Ledger> {
  return ask(`ledger/devices/${encodeURIComponent(deviceId)}`);
}

export function fetchModels(): Promise<Models> {
  return ask("models");
}

/** Where the same readings are to be had as a file. */
export function exportAddress(kind: "csv" | "parquet", wish: Omit<HistoryWish, "points">): string {
  const iso = (us: number): string => new Date(us / 1000).toISOString();
  const query = new URLSearchParams({ device: wish.deviceId, from: iso(wish.fromUs) });
  if (wish.toUs !== undefined) query.set("to", iso(wish.toUs));
  return `/api/v1/export.${kind}?${query}`;
}
