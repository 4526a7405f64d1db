import { expect, test } from "vitest";
import { besideOf, describeBeside, LatestReadings } from "./latest.ts";

const dot = (tsUs: number, mean: number, n = 1) => ({ tsUs, mean, min: mean - 1, max: mean + 1, n });
const steps = { dots: [dot(0, 20, 60), dot(3.6e9, 23.87, 60)], stepSeconds: 3600 };
const readings = { dots: [dot(0, 20), dot(60e6, 21)], stepSeconds: null };
const latest = { tsUs: 7e9, value: 31.29 };

test("beside a chart of steps stands what was measured last, and never their mean", () => {
  expect(besideOf(steps, latest, true)).toEqual({ ...latest, isOfRange: false });
  expect(besideOf(steps, latest, false)).toEqual({ ...latest, isOfRange: false });
  expect(besideOf(steps, undefined, true)).toBeUndefined();
});

test("beside readings of a range that is over stands its last one, with its time", () => {
  const beside = besideOf(readings, latest, false);
  expect(beside).toEqual({ tsUs: 60e6, value: 21, isOfRange: true });
  expect(beside && describeBeside(beside, 90_000)).toMatch(/^at \d\d:01:00$/);
});

test("while the range follows now the newest that is known stands there, with its age", () => {
  const beside = besideOf(readings, latest, true);
  expect(beside?.value).toBe(31.29);
  expect(beside && describeBeside(beside, 7e6 + 240_000)).toBe("4 min ago");
  expect(besideOf(readings, { tsUs: 30e6, value: 5 }, true)?.value).toBe(21);
  expect(besideOf(readings, undefined, true)?.value).toBe(21);
});

test("a late reading does not become the newest, and those of other devices are not taken", () => {
  const known = new LatestReadings("kiln");
  known.take("temperature", { tsUs: 5, value: 1 });
  expect(known.hear([{ deviceId: "kiln", readings: [["temperature", 4, 2, 0, 0]] }])).toBe(true);
  expect(known.of("temperature")).toEqual({ tsUs: 5, value: 1 });
  expect(known.hear([{ deviceId: "oven", readings: [["temperature", 9, 3, 0, 0]] }])).toBe(false);
  known.hear([{ deviceId: "kiln", readings: [["humidity", 9, 40, 0, 0]] }]);
  expect([known.newestUs, known.sensorTypes]).toEqual([9, ["temperature", "humidity"]]);
});
