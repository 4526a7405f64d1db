import type { Static } from "typebox";
import type { AlarmsAnswer } from "../../../schema/alarm.ts";
import type {
  AnomaliesAnswer,
  DeviceLedgerAnswer,
  DeviceSummary,
  ReadingsAnswer,
  RejectedAnswer,
} from "../../../schema/api.ts";
import type { HistoryAnswer } from "../../../schema/history.ts";
import type { ModelsAnswer } from "../../../schema/model.ts";
import { api, ask } from "../api/asking.ts";
import type { paths } from "../api/paths.ts";

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
  const until = toUs === undefined ? {} : { to: String(toUs) };
  const query = { device: [deviceId], from: String(fromUs), points, ...until };
  return ask(() => api.GET("/api/v1/history", { params: { query } }));
}

/** What the list of devices has of it; undefined when it does not have it. */
export async function fetchDevice(deviceId: string): Promise<DeviceSummary | undefined> {
  const all = { q: deviceId, limit: 200 };
  let query: typeof all & { cursor?: string } = all;
  for (;;) {
    const asked = query;
    const { devices, next } = await ask(() => api.GET("/api/v1/devices", { params: { query: asked } }));
    const own = devices.find(({ id }) => id === deviceId);
    // Other ids may have this one in them.
    if (own !== undefined || next === null) return own;
    query = { ...all, cursor: next };
  }
}

/** The newest reading of every sensor, however old it is. */
export function fetchLatest(deviceId: string): Promise<ReadingsAnswer> {
  return ask(() => api.GET("/api/v1/readings", { params: { query: { device: [deviceId], limit: 1 } } }));
}

export function fetchDeviceAnomalies(deviceId: string): Promise<AnomaliesAnswer> {
  return ask(() => api.GET("/api/v1/anomalies", { params: { query: { device: deviceId, limit: 500 } } }));
}

export function fetchDeviceAlarms(deviceId: string): Promise<AlarmsAnswer> {
  return ask(() => api.GET("/api/v1/alarms", { params: { query: { device: deviceId, limit: 50 } } }));
}

export function fetchDeviceRejected(deviceId: string): Promise<RejectedAnswer> {
  return ask(() => api.GET("/api/v1/rejected", { params: { query: { device: deviceId, limit: 20 } } }));
}

export function fetchDeviceLedger(deviceId: string): Promise<Ledger> {
  return ask(() => api.GET("/api/v1/ledger/devices/{id}", { params: { path: { id: deviceId } } }));
}

export function fetchModels(): Promise<Models> {
  return ask(() => api.GET("/api/v1/models"));
}

/** Where the same readings are to be had as a file: of these sensors, or of all where none is named. */
export function exportAddress(
  kind: "csv" | "parquet",
  wish: Omit<HistoryWish, "points"> & { readonly sensors: readonly string[] },
): string {
  const iso = (us: number): string => new Date(us / 1000).toISOString();
  const query = new URLSearchParams({ device: wish.deviceId, from: iso(wish.fromUs) });
  if (wish.toUs !== undefined) query.set("to", iso(wish.toUs));
  if (wish.sensors.length > 0) query.set("sensors", wish.sensors.join(","));
  const path: keyof paths = `/api/v1/export.${kind}`;
  return `${path}?${query}`;
}
