import type { DeviceSummary } from "../../../schema/api.ts";
import type { Severity } from "../../../schema/scored.ts";

export const states = ["online", "stale", "offline", "never-seen"] as const;
export type State = (typeof states)[number];

export const orders = ["name", "last-seen", "alarms"] as const;
type Order = (typeof orders)[number];

/** Which devices are listed, and in which order; empty texts mean all. */
export interface DeviceFilter {
  readonly q: string;
  readonly type: string;
  readonly state: State | "";
  readonly sort: Order;
}

/** A device as the list has it. */
export interface ListedDevice extends Omit<DeviceSummary, "lastSeenUs" | "state" | "alarms"> {
  /** Null: never heard of. */
  readonly lastSeenUs: number | null;
  readonly state?: State;
  readonly alarms?: { readonly open: number; readonly severity: Severity | null };
}

export function filterOf(query: URLSearchParams): DeviceFilter {
  return {
    q: query.get("q") ?? "",
    type: query.get("type") ?? "",
    state: states.find((state) => state === query.get("state")) ?? "",
    sort: orders.find((order) => order === query.get("sort")) ?? "name",
  };
}

/** For an address: what is usual is left out. */
export function toQuery({ sort, ...filter }: DeviceFilter): Readonly<Record<string, string>> {
  return sort === "name" ? filter : { ...filter, sort };
}

export function stateOf({ state, lastSeenUs, active, connection }: ListedDevice): State {
  if (state !== undefined) return state;
  if (lastSeenUs === null) return "never-seen";
  return active && connection?.isOnline !== false ? "online" : "offline";
}

/** The sensor that a row shows: of the type that is asked for, else the first by name. */
export function shownSensor(
  { sensors }: ListedDevice,
  type: string,
): ListedDevice["sensors"][number] | undefined {
  return sensors.find((sensor) => sensor.type === type) ?? sensors[0];
}

// demo-2 before demo-10, as a person would sort them.
const byName = new Intl.Collator("en", { numeric: true }).compare;

/** What a server that answers with all devices at once leaves to the console: to choose among them and to sort them. */
export function chooseAmong(devices: readonly ListedDevice[], filter: DeviceFilter): readonly ListedDevice[] {
  const wanted = filter.q.toLowerCase();
  const chosen = devices.filter(
    (device) =>
      device.id.toLowerCase().includes(wanted) &&
      (filter.type === "" || device.sensors.some(({ type }) => type === filter.type)) &&
      (filter.state === "" || stateOf(device) === filter.state),
  );
  return chosen.sort((a, b) => inOrder(a, b, filter.sort) || byName(a.id, b.id));
}

function inOrder(a: ListedDevice, b: ListedDevice, order: Order): number {
  switch (order) {
    case "name":
      return 0;
    case "last-seen":
      return (b.lastSeenUs ?? 0) - (a.lastSeenUs ?? 0);
    case "alarms":
      return (b.alarms?.open ?? 0) - (a.alarms?.open ?? 0);
  }
}
