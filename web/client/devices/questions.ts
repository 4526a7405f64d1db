import type { DevicesAnswer } from "../../../schema/api.ts";
import { ask } from "../shell/server-api.ts";
import { type DeviceFilter, toQuery } from "./device-filter.ts";

const pageSize = 200;

/** A page of the devices, the first one without a cursor. */
export function fetchDevicePage(filter: DeviceFilter, cursor: string | null): Promise<DevicesAnswer> {
  const wished = Object.entries(toQuery(filter)).filter(([, value]) => value !== "");
  const query = new URLSearchParams(wished);
  query.set("limit", String(pageSize));
  if (cursor !== null) query.set("cursor", cursor);
  return ask(`devices?${query}`);
}
