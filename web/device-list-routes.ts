import type { Overview } from "../platform/devices/device-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock, DeviceStore, SettingStore } from "../platform/ports.ts";
import { DevicesAnswer } from "../schema/api.ts";
import { DevicesQuestion, OverviewAnswer } from "../schema/device-page.ts";
import { cursorOf, placeIn } from "../schema/device-state.ts";
import { refuse } from "./refusals.ts";
import { Sampled } from "./sampled.ts";

export interface DeviceListDeps {
  readonly devices: DeviceStore;
  readonly settings: SettingStore;
  readonly now: Clock;
}

const config = { needs: "viewer" } as const;

/** Puts the list of devices, and the numbers above it, on a door. */
export function mountDeviceLists(door: HttpDoor, deps: DeviceListDeps): void {
  mountPage(door, deps);
  mountOverview(door, deps);
}

function mountPage(door: HttpDoor, { devices, settings, now }: DeviceListDeps): void {
  // To count them takes longer than to list a page.
  const inactive = new Sampled(
    async () => devices.countInactive((await settings.activeDeviceTimeoutSeconds()) * 1000),
    now,
  );
  door.get<{ Querystring: DevicesQuestion }>(
    "/api/v1/devices",
    { config, schema: { querystring: DevicesQuestion, response: { 200: DevicesAnswer } } },
    async ({ query: { q: text, type: sensorType, state, sort, cursor, limit } }, reply) => {
      const after = cursor === undefined ? undefined : placeIn(cursor, sort);
      if (cursor !== undefined && after === undefined) return refuse(reply, 400, noCursor);
      const timeoutMs = (await settings.activeDeviceTimeoutSeconds()) * 1000;
      const page = await devices.page({ timeoutMs, text, sensorType, state, sort, after, limit });
      const { newest } = await inactive.take();
      return {
        devices: page.devices,
        inactive: newest.value,
        next: page.next === null ? null : cursorOf(page.next),
      };
    },
  );
}

function mountOverview(door: HttpDoor, { devices, settings, now }: DeviceListDeps): void {
  const looks = new Sampled(
    async (): Promise<Overview> => devices.overview((await settings.activeDeviceTimeoutSeconds()) * 1000),
    now,
  );
  door.get("/api/v1/overview", { config, schema: { response: { 200: OverviewAnswer } } }, async () => {
    const { newest, older } = await looks.take();
    const { stored, ...rest } = newest.value;
    const seconds = older === undefined ? 0 : (newest.atUs - older.atUs) / 1e6;
    const readings = stored - (older?.value.stored ?? 0);
    return { ...rest, readingsPerSecond: seconds > 0 ? Math.round((10 * readings) / seconds) / 10 : null };
  });
}

const noCursor = {
  code: "CURSOR_INVALID",
  reason: "this is no cursor of this list in this order; ask for its first page",
};
