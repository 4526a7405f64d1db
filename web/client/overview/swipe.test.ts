import { expect, test } from "vitest";
import { pullOf } from "./swipe.ts";

test.each([
  [4, 0, "none"],
  [40, 0, "begun"],
  [95, 10, "begun"],
  [96, 10, "enough"],
  [300, 149, "enough"],
])("a finger %d px across and %d px down pulls: %s", (across, down, pull) => {
  expect(pullOf(across, down)).toBe(pull);
});

test.each([
  [60, 60],
  [60, -40],
  [-200, 0],
])("one that goes %d px across and %d px down scrolls, or goes the other way", (across, down) => {
  expect(pullOf(across, down)).toBe("none");
});
