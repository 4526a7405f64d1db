import { expect, test } from "vitest";
import { anomalyCursor, anomalyPlaceIn } from "./anomaly-place.ts";

const packed = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a place comes back from its cursor", () => {
  const place = { timestampUs: 1_767_225_600_123_456, deviceId: "büro 3", sensorType: "temperature" };
  expect(anomalyPlaceIn(anomalyCursor(place))).toEqual(place);
});

test.each([
  ["no JSON", "x"],
  ["no place", packed({})],
  ["half a moment", packed([1.5, "a", "t"])],
  ["a NUL", packed([1, "a\u0000", "t"])],
  ["a number for a name", packed([1, 2, "t"])],
])("a cursor of %s is none", (_, cursor) => {
  expect(anomalyPlaceIn(cursor)).toBeUndefined();
});
