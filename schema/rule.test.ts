import { expect, test } from "vitest";
import { type RuleWish, ruleFault } from "./rule.ts";

const above = { of: "value", kind: "above", limit: 80, hysteresis: 0, overSeconds: 60 } as const;
const outside = { of: "value", kind: "outside", low: 20, high: 80, hysteresis: 0, overSeconds: 60 } as const;
const hours = { timeZone: "Europe/Berlin", days: ["mon"], from: "08:00", to: "18:00" } as const;

function wish(over: Partial<RuleWish>): RuleWish {
  return {
    ...{ name: "Boiler", sensorType: "temperature", devices: null, condition: above, schedule: null },
    ...{ forSeconds: 0, severity: "major", clearSeconds: 60, isEnabled: true },
    ...over,
  };
}

test("a rule that makes sense has no fault", () => {
  const schedule = { ...hours, days: [...hours.days] };
  const rules: Partial<RuleWish>[] = [
    {},
    { condition: outside },
    { schedule },
    { devices: ["boiler-*", "press 3"] },
  ];
  for (const over of rules) expect(ruleFault(wish(over))).toBeUndefined();
});

test.each([
  [{ condition: { ...above, limit: undefined } }, '"above" needs limit'],
  [{ condition: { ...above, low: 3 } }, "neither low nor high"],
  [{ condition: { ...outside, limit: 3 } }, '"outside" needs low and high'],
  [{ condition: { ...outside, low: 90 } }, "low 90 must be less than high 80"],
  [{ condition: { ...outside, hysteresis: 31 } }, "at most 30"],
  [{ schedule: { ...hours, days: [...hours.days], timeZone: "Mars/Olympus" } }, "no time zone"],
  [{ schedule: { ...hours, days: [...hours.days], to: "08:00" } }, "ends when it begins"],
  [{ devices: ["a", "b/c"] }, '"b/c" can be no device id'],
  [{ sensorType: "a+b" }, "sensorType"],
] as const)("of %o it is said what is wrong, and in which rule", (over, words) => {
  // What a test names is as good as what came through the schema.
  const fault = ruleFault(wish(over as unknown as Partial<RuleWish>));
  expect(fault).toContain("rule “Boiler”: ");
  expect(fault).toContain(words);
});
