import { expect, test } from "vitest";
import { cursorOf, type DevicePlace, placeIn } from "./device-state.ts";

test.each<DevicePlace>([
  { sort: "name", id: "büro 3" },
  { sort: "last-seen", id: "a", lastSeenUs: 1_767_225_600_123_456 },
  { sort: "last-seen", id: "a", lastSeenUs: null },
  { sort: "alarms", id: "a", rank: 3, count: 12 },
])("a place in the order of $sort comes back from its cursor", (place) => {
  expect(placeIn(cursorOf(place), place.sort)).toEqual(place);
});

test.each([
  ["of another order", cursorOf({ sort: "name", id: "a" })],
  ["with half a moment", Buffer.from('{"sort":"last-seen","id":"a","lastSeenUs":1.5}').toString("base64url")],
  ["without an id", Buffer.from('{"sort":"last-seen","lastSeenUs":1}').toString("base64url")],
  ["with a NUL", Buffer.from('{"sort":"last-seen","lastSeenUs":1,"id":"\\u0000"}').toString("base64url")],
  ["that is no JSON", "x"],
  ["that is null", Buffer.from("null").toString("base64url")],
])("a cursor %s is none", (_, cursor) => {
  expect(placeIn(cursor, "last-seen")).toBeUndefined();
});
