import { ask } from "../shell/server-api.ts";
import { chooseAmong, type DeviceFilter, type ListedDevice, toQuery } from "./device-filter.ts";

const pageSize = 200;
/** A server without pages gives so many at most. */
const mostAtOnce = 1000;

interface DevicePage {
  readonly devices: readonly ListedDevice[];
  /** What to ask for the next page; null at the end. */
  readonly next: string | null;
}

/** A page of the devices, the first one without a cursor. */
export async function fetchDevicePage(filter: DeviceFilter, cursor: string | null): Promise<DevicePage> {
  const wished = Object.entries(toQuery(filter)).filter(([, value]) => value !== "");
  const query = new URLSearchParams(wished);
  query.set("limit", String(pageSize));
  if (cursor !== null) query.set("cursor", cursor);
  const { devices, next } = await ask<{ devices: readonly ListedDevice[]; next?: string | null }>(
    `devices?${query}`,
  );
  if (next !== undefined) return { devices, next };
  const all = await ask<{ devices: readonly ListedDevice[] }>(`devices?limit=${mostAtOnce}`);
  return { devices: chooseAmong(all.devices, filter), next: null };
}
