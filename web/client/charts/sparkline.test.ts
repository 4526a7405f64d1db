import { expect, test } from "vitest";
import type { Point } from "./history.ts";
import { sparkPath } from "./sparkline.ts";

const points = (...values: readonly number[]): Point[] => values.map((value, at) => [at * 1000, value, 0, 0]);
const box = { width: 64, height: 20 };

test("a small line goes from the left to the right, and the greatest value is on top", () => {
  expect(sparkPath(points(1, 3, 2), box)).toBe("M2.0,18.0L32.0,2.0L62.0,10.0");
});

test("one that never changes lies in the middle", () => {
  expect(sparkPath(points(5, 5), box)).toBe("M2.0,10.0L62.0,10.0");
});

test("there is none through fewer than two values", () => {
  expect(sparkPath(points(5), box)).toBe("");
  expect(sparkPath([], box)).toBe("");
});
