import type { DevicesAnswer } from "../../../schema/api.ts";
import { api, ask } from "../api/asking.ts";
import type { DeviceFilter } from "./device-filter.ts";

const pageSize = 200;

/** A page of the devices, the first one without a cursor. */
export function fetchDevicePage(filter: DeviceFilter, cursor: string | null): Promise<DevicesAnswer> {
  const { q, type, state, sort } = filter;
  const query = {
    ...(q === "" ? {} : { q }),
    ...(type === "" ? {} : { type }),
    ...(state === "" ? {} : { state }),
    ...(cursor === null ? {} : { cursor }),
  };
  return ask(() => api.GET("/api/v1/devices", { params: { query: { ...query, sort, limit: pageSize } } }));
}
