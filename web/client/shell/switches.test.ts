import { expect, test } from "vitest";
import { meaningOf } from "./switches.ts";

test("single keys are on until somebody switches them off", () => {
  expect(meaningOf("letters", undefined)).toBe(true);
  expect(meaningOf("letters", "off")).toBe(false);
  expect(meaningOf("letters", "on")).toBe(true);
});

test("sound is off until somebody switches it on", () => {
  expect(meaningOf("sound", undefined)).toBe(false);
  expect(meaningOf("sound", "on")).toBe(true);
});

test("a text that no switch has written changes nothing", () => {
  expect(meaningOf("letters", "perhaps")).toBe(true);
  expect(meaningOf("sound", "perhaps")).toBe(false);
});
