import type { DeviceSummary } from "../../../schema/api.ts";
import {
  type DeviceOrder,
  type DeviceState,
  deviceOrders,
  deviceStates,
} from "../../../schema/device-state.ts";

/** Which devices are listed, and in which order; empty texts mean all. */
export interface DeviceFilter {
  readonly q: string;
  readonly type: string;
  readonly state: DeviceState | "";
  readonly sort: DeviceOrder;
}

export function filterOf(query: URLSearchParams): DeviceFilter {
  return {
    q: query.get("q") ?? "",
    type: query.get("type") ?? "",
    state: deviceStates.find((state) => state === query.get("state")) ?? "",
    sort: deviceOrders.find((order) => order === query.get("sort")) ?? "name",
  };
}

/** Whether it leaves no device out. */
export function isAll({ q, type, state }: DeviceFilter): boolean {
  return q === "" && type === "" && state === "";
}

/** For an address: what is usual is left out. */
export function toQuery({ sort, ...filter }: DeviceFilter): Readonly<Record<string, string>> {
  return sort === "name" ? filter : { ...filter, sort };
}

/** The sensor that a row shows: of the type that is asked for, else the first by name. */
export function shownSensor(
  { sensors }: DeviceSummary,
  type: string,
): DeviceSummary["sensors"][number] | undefined {
  return sensors.find((sensor) => sensor.type === type) ?? sensors[0];
}
