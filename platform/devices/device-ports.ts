import type { AlarmSeverity } from "../../schema/alarm.ts";
import type { DeviceSummary } from "../../schema/api.ts";
import type { DeviceOrder, DevicePlace, DeviceState } from "../../schema/device-state.ts";

export interface DevicePageQuery {
  /** Of `active`, and of devices whose usual gap is not known: how long one may be silent. */
  readonly timeoutMs: number;
  /** In the id, capital letters or not. */
  readonly text?: string | undefined;
  readonly sensorType?: string | undefined;
  readonly state?: DeviceState | "active" | undefined;
  readonly sort: DeviceOrder;
  readonly after?: DevicePlace | undefined;
  readonly limit: number;
}

export interface DevicePage {
  readonly devices: readonly DeviceSummary[];
  /** Of the last device, when there are more; its order is that of the query. */
  readonly next: DevicePlace | null;
}

/** How the fleet is, in numbers. */
export interface Overview {
  readonly devices: Readonly<Record<DeviceState, number>>;
  readonly alarms: Readonly<Record<AlarmSeverity, number>>;
  /** In the last ten minutes and in the last hour, whatever became of them. */
  readonly raised: { readonly tenMinutes: number; readonly hour: number };
  readonly learning: { readonly series: number; readonly isAtLeast: boolean };
  /** Since the platform keeps count. */
  readonly stored: number;
}

/** The devices as operators look for them. */
export interface DeviceLists {
  /**
   * A page in the order asked for. Pages follow each other by the place of a device, so none is given twice while nothing changes its
   * place; one that is heard of in between moves to the front of `last-seen`.
   */
  page(query: DevicePageQuery): Promise<DevicePage>;
  overview(timeoutMs: number): Promise<Overview>;
}
