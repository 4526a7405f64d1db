import { expect, test } from "vitest";
import { timeLabel, timeTicks, valueBounds, valueLabel, valueTicks } from "./axis.ts";

test("ticks are few, round and inside", () => {
  const min = Date.UTC(2026, 10, 22, 18, 40, 7);
  const max = min + 299_000;
  const ticks = timeTicks({ min, max }, 270);
  expect(ticks.length).toBeGreaterThan(1);
  expect(ticks.length).toBeLessThanOrEqual(6);
  for (const tick of ticks) {
    expect(tick % 60_000).toBe(0);
    expect(tick).toBeGreaterThanOrEqual(min);
    expect(tick).toBeLessThanOrEqual(max);
  }
});

test("one single instant has no ticks and does not hang", () => {
  expect(timeTicks({ min: 5000, max: 5000 }, 270)).toEqual([5000]);
  expect(timeTicks({ min: 5000, max: 4000 }, 270)).toEqual([]);
});

test("labels are as fine as the steps between ticks", () => {
  expect(timeLabel(Date.now(), 30_000)).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(timeLabel(Date.now(), 60_000)).toMatch(/^\d\d:\d\d$/);
});

test("a calm sensor is drawn calm and a spike stays inside", () => {
  const calm = valueBounds(
    [
      { x: 0, y: 21.4 },
      { x: 1, y: 21.45 },
    ],
    "temperature",
  );
  expect(calm.max - calm.min).toBeGreaterThan(1);
  const spike = valueBounds(
    [
      { x: 0, y: 21 },
      { x: 1, y: Number.NaN },
      { x: 2, y: 85 },
    ],
    "temperature",
  );
  expect(spike.min).toBeLessThan(21);
  expect(spike.max).toBeGreaterThan(85);
});

test("no values and unknown sensors still have bounds", () => {
  expect(valueBounds([], "temperature")).toEqual({ min: 0, max: 1 });
  const flat = valueBounds([{ x: 0, y: 0 }], "bubbles");
  expect(flat.max).toBeGreaterThan(flat.min);
  const small = [1, 4].map((n) => ({ x: n, y: n * 1e-9 }));
  const ofSmall = valueBounds(small, "vacuum");
  expect(ofSmall.max - ofSmall.min).toBeLessThan(1e-8);
});

test.each([
  [20.4, 23.1],
  [-4, 120],
  [1009.2, 1010.4],
  [0, 0.003],
  [3.81, 3.97],
  [14.1, 23.9],
  [5.01, 14.9],
])("between %d and %d there are two to five round values", (min, max) => {
  const ticks = valueTicks({ min, max });
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(ticks.length).toBeLessThanOrEqual(5);
  for (const tick of ticks) expect(String(tick).length).toBeLessThan(8);
});

test.each([
  [0, "0"],
  [21.5, "21.5"],
  [1013.5, "1,013.5"],
  [99_950, "99,950"],
  [1_005_000, "1.005M"],
  [-120_500, "-120.5K"],
  [995_000_000, "995M"],
  [0.0025, "0.0025"],
  [-0.00000000025, "-2.5E-10"],
])("%d has a label that fits beside the chart: %s", (value, label) => {
  expect(valueLabel(value)).toBe(label);
  expect(label.length).toBeLessThanOrEqual(8);
});
