import { describe, expect, test } from "vitest";
import { chooseAmong, filterOf, type ListedDevice, shownSensor, stateOf, toQuery } from "./device-filter.ts";

const sensor = (type: string): ListedDevice["sensors"][number] => ({
  ...{ type, label: type, unit: "", timestampUs: 1, value: 1, score: 0, isAnomaly: false, learning: null },
});
const device = (id: string, more: Partial<ListedDevice> = {}): ListedDevice => ({
  ...{ id, active: true, firstSeenUs: 1, lastSeenUs: 1, connection: null, sensors: [sensor("co2")] },
  ...more,
});
const filter = (query: string) => filterOf(new URLSearchParams(query));
const ids = (devices: readonly ListedDevice[]) => devices.map(({ id }) => id);

test("an address says what is listed, and what is usual is not written into it", () => {
  const chosen = filter("q=oven&state=stale&sort=alarms&type=");
  expect(chosen).toEqual({ q: "oven", type: "", state: "stale", sort: "alarms" });
  expect(toQuery(chosen)).toEqual({ q: "oven", type: "", state: "stale", sort: "alarms" });
  expect(toQuery(filter("sort=name"))).toEqual({ q: "", type: "", state: "" });
  expect(filter("state=asleep&sort=colour")).toEqual(filter(""));
});

describe("among all devices", () => {
  const all = [
    device("oven-10", { lastSeenUs: 3 }),
    device("oven-2", { lastSeenUs: 9, alarms: { open: 2, severity: "major" } }),
    device("press-1", { sensors: [sensor("vibration")], active: false }),
  ];

  test("those are chosen that have the text in their name, in any case", () => {
    expect(ids(chooseAmong(all, filter("q=OVEN")))).toEqual(["oven-2", "oven-10"]);
  });

  test("or a sensor of the type, or the state", () => {
    expect(ids(chooseAmong(all, filter("type=vibration")))).toEqual(["press-1"]);
    expect(ids(chooseAmong(all, filter("state=offline")))).toEqual(["press-1"]);
  });

  test("who was heard of last, or has alarms, comes first when that is the order", () => {
    expect(ids(chooseAmong(all, filter("sort=last-seen")))).toEqual(["oven-2", "oven-10", "press-1"]);
    expect(ids(chooseAmong(all, filter("sort=alarms")))).toEqual(["oven-2", "oven-10", "press-1"]);
  });
});

test("the state is what the server says, else what can be told without it", () => {
  expect(stateOf(device("a", { state: "stale" }))).toBe("stale");
  expect(stateOf(device("a"))).toBe("online");
  expect(stateOf(device("a", { lastSeenUs: null }))).toBe("never-seen");
  expect(stateOf(device("a", { connection: { isOnline: false, sinceUs: 1, reason: "lost" } }))).toBe(
    "offline",
  );
});

test("a row shows the sensor of the type that is asked for", () => {
  const both = device("a", { sensors: [sensor("co2"), sensor("vibration")] });
  expect(shownSensor(both, "vibration")?.type).toBe("vibration");
  expect(shownSensor(both, "")?.type).toBe("co2");
});
