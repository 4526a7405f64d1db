import { expect, test } from "vitest";
import type { RuleWish } from "../../../schema/rule.ts";
import { describeRule, fieldsOf, wishOf } from "./rule-words.ts";

const hot: RuleWish = {
  ...{ name: "too hot", sensorType: "temperature", devices: ["boiler-*", "oven-1"] },
  condition: { of: "value", kind: "above", limit: 80, hysteresis: 2, overSeconds: 60 },
  ...{ forSeconds: 300, schedule: null, severity: "critical", clearSeconds: 60, isEnabled: true },
};
const fast: RuleWish = {
  ...hot,
  devices: null,
  condition: { of: "rate", kind: "outside", low: -5, high: 5, hysteresis: 0, overSeconds: 120 },
  ...{ forSeconds: 0, severity: "minor" },
  schedule: { timeZone: "UTC", days: ["mon", "fri"], from: "08:00", to: "17:00" },
};

test("says a rule in a sentence", () => {
  expect(describeRule(hot)).toBe(
    "Temperature above 80 °C, over when 2 behind it for 5 min, on boiler-*, oven-1: critical",
  );
  expect(describeRule(fast)).toBe(
    "Temperature changes by outside -5 to 5 °C a minute, mon, fri from 08:00 to 17:00 (UTC): minor",
  );
});

test("what a form shows of a rule is the rule again when nothing was typed", () => {
  for (const rule of [hot, fast]) expect(wishOf(fieldsOf(rule), rule)).toEqual(rule);
});

test("a form without devices is about all, and a new rule is on", () => {
  const fields = { ...fieldsOf(hot), devices: "  " };
  expect(wishOf(fields, undefined)).toEqual({ ...hot, devices: null });
});
