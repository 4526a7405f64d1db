import { expect, test } from "vitest";
import { deviceMatcher } from "./device-pattern.ts";

test("patterns name devices, and no pattern takes long", () => {
  const isNamed = deviceMatcher(["press 3", "boiler-*", "*-north-*-1"]);
  const named = ["press 3", "boiler-", "boiler-12", "hall-north-x-1"];
  const others = ["press 31", "xboiler-1", "hall-north-1", "hall-south-x-1"];
  expect([...named, ...others].filter(isNamed)).toEqual(named);
  expect(deviceMatcher(null)("anything")).toBe(true);
  expect(deviceMatcher(["a*a"])("a")).toBe(false);
  expect(deviceMatcher(["*".repeat(60)])("x")).toBe(true);
  expect(deviceMatcher([`${"*a".repeat(60)}b`])("a".repeat(128))).toBe(false);
});
