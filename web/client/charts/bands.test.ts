import { expect, test } from "vitest";
import {
  asDrawn,
  type Band,
  bandAt,
  bandsSince,
  describeStanding,
  endsOf,
  joined,
  roomFor,
} from "./bands.ts";

const bands: readonly Band[] = [
  [10, 19, 24],
  [20, 20, 25],
  [30, 21, 26],
];
const spots = (...values: readonly number[]) => values.map((y, x) => ({ x, y }));

test("a band holds until the next one, and before the first there is none", () => {
  expect([9, 10, 19, 20, 1000].map((at) => bandAt(bands, at)?.[1])).toEqual([undefined, 19, 19, 20, 21]);
  expect(bandAt([], 10)).toBeUndefined();
});

test("what left the range goes, but for the band that was in force when it began", () => {
  expect(bandsSince(bands, 25)).toEqual(bands.slice(1));
  expect(bandsSince(bands, 20)).toEqual(bands.slice(1));
  expect(bandsSince(bands, 5)).toBe(bands);
});

test("stored and pushed bands become one, in whatever order they come", () => {
  const [first, second, third] = bands as readonly [Band, Band, Band];
  expect(joined([first, third], [second, third])).toEqual(bands);
  expect(joined(bands, [])).toBe(bands);
});

test("a chart makes room for the band, and a wide band does not flatten the line", () => {
  const heights = (band: Band, ...line: readonly number[]) =>
    roomFor({ sensorType: "temperature", bands: [band], line: spots(...line), fromMs: 0, toMs: 1 }).map(
      ({ y }) => y,
    );
  expect(heights([0, 19, 24], 21, Number.NaN, 23)).toEqual([19, 24]);
  expect(heights([0, -100, 100], 20, 23)).toEqual([17, 26]);
  // Where the line is outside of the band the chart reaches as far as it can on the side where the band is.
  expect(heights([0, 10, 12], 20, 23)).toEqual([17, 12]);
  expect(heights([0, 19, 24])).toEqual([]);
});

test("no room is made for bands from before or after the range", () => {
  const picture = { sensorType: "temperature", bands, line: spots(0, 50), fromMs: 0.025, toMs: 0.03 };
  expect(roomFor(picture).map(({ y }) => y)).toEqual([20, 25]);
  expect(roomFor({ ...picture, sensorType: "wind_direction" })).toEqual([]);
});

test("where a value lies is said where it is not usual", () => {
  const said = (low: number, high = low) => describeStanding("temperature", { low, high }, [0, 19.8, 24.6]);
  expect(said(30)).toBe("above what is usual, 19.80 to 24.60\u202f°C");
  expect(said(1)).toBe("below what is usual, 19.80 to 24.60\u202f°C");
  expect(said(21)).toBe("");
  expect(said(21, 30)).toMatch(/^above what/);
  expect(said(1, 30)).toMatch(/^above and below what/);
  expect(describeStanding("temperature", { low: 30, high: 30 }, undefined)).toBe("");
});

test("round a circle a band lies over its end, and so do the words", () => {
  const band: Band = [0, 310, 390];
  const said = (value: number) => describeStanding("wind_direction", { low: value, high: value }, band);
  expect([350, 20, 310].map(said)).toEqual(["", "", ""]);
  expect(said(180)).toBe("outside of what is usual, 310.0 to 30.00\u202f°");
  expect(asDrawn("wind_direction", [band]).map(([one]) => one?.[1])).toEqual([-50, 310, 670]);
  const around: readonly Band[] = [band, [1, -48, 32], [2, 312, 392]];
  expect(asDrawn("wind_direction", around)[1]?.map(([, low]) => low)).toEqual([310, 312, 312]);
  expect(asDrawn("temperature", around)).toEqual([around]);
  expect(endsOf("wind_direction", [0, -300, 300])).toEqual({ low: 0, high: 360 });
});
