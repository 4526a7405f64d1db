import { expect, test } from "vitest";
import type { DeviceSummary } from "../../../schema/api.ts";
import { filterOf, shownSensor, toQuery } from "./device-filter.ts";

const sensor = (type: string): DeviceSummary["sensors"][number] => ({
  ...{ type, label: type, unit: "", timestampUs: 1, value: 1, score: 0, isAnomaly: false, learning: null },
});
const device = (id: string, sensors: DeviceSummary["sensors"]): DeviceSummary => ({
  ...{ id, active: true, state: "online", firstSeenUs: 1, lastSeenUs: 1, connection: null },
  ...{ alarms: { open: 0, severity: null }, sensors },
});
const filter = (query: string) => filterOf(new URLSearchParams(query));

test("an address says what is listed, and what is usual is not written into it", () => {
  const chosen = filter("q=oven&state=stale&sort=alarms&type=");
  expect(chosen).toEqual({ q: "oven", type: "", state: "stale", sort: "alarms" });
  expect(toQuery(chosen)).toEqual({ q: "oven", type: "", state: "stale", sort: "alarms" });
  expect(toQuery(filter("sort=name"))).toEqual({ q: "", type: "", state: "" });
  expect(filter("state=asleep&sort=colour")).toEqual(filter(""));
});

test("a row shows the sensor of the type that is asked for", () => {
  const both = device("a", [sensor("co2"), sensor("vibration")]);
  expect(shownSensor(both, "vibration")?.type).toBe("vibration");
  expect(shownSensor(both, "")?.type).toBe("co2");
});
