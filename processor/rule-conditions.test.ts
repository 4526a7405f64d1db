import { expect, test } from "vitest";
import type { Rule, RuleWish } from "../schema/rule.ts";
import { severityOf } from "../schema/scored.ts";
import { indexRules, type ReadyRule } from "./rule-conditions.ts";

function ready(over: Partial<RuleWish>, condition: Partial<RuleWish["condition"]> = {}): ReadyRule {
  const limits = condition.low === undefined ? { limit: 80 } : {};
  const rule: Rule = {
    ...{ id: 7, version: 1, name: "Too hot", sensorType: "temperature", devices: null, schedule: null },
    ...{ forSeconds: 0, severity: "major", clearSeconds: 60, isEnabled: true, changedBy: "", changedUs: 0 },
    condition: { of: "value", kind: "above", ...limits, hysteresis: 0, overSeconds: 60, ...condition },
    ...over,
  };
  const made = indexRules([rule]).get(rule.sensorType)?.[0];
  if (made === undefined) throw new Error("there is none");
  return made;
}

const verdicts = (rule: ReadyRule, values: readonly number[]) => values.map((value) => rule.judge(value));

test("a condition is over when it is as far back as the hysteresis asks", () => {
  const band = { low: 20, high: 80, hysteresis: 5 };
  expect(verdicts(ready({}, { hysteresis: 5 }), [81, 80, 76, 75])).toEqual([
    "broken",
    "near",
    "near",
    "well",
  ]);
  expect(verdicts(ready({}, { kind: "below", limit: 10, hysteresis: 5 }), [9, 10, 14, 15])).toEqual([
    "broken",
    "near",
    "near",
    "well",
  ]);
  expect(verdicts(ready({}, { kind: "outside", ...band }), [19, 81, 24, 76, 25, 75])).toEqual([
    "broken",
    "broken",
    "near",
    "near",
    "well",
    "well",
  ]);
  expect(verdicts(ready({}, { kind: "inside", ...band }), [20, 80, 19, 85, 14, 86])).toEqual([
    "broken",
    "broken",
    "near",
    "near",
    "well",
    "well",
  ]);
});

test("without a hysteresis there is nothing in between", () => {
  expect(verdicts(ready({}), [80.01, 80])).toEqual(["broken", "well"]);
  const inside = ready({}, { kind: "inside", low: 20, high: 80 });
  expect(verdicts(inside, [20, 80, 19.9, 80.1])).toEqual(["broken", "broken", "well", "well"]);
});

test("what is further out is worse, and never leaves the severity of the rule", () => {
  for (const severity of ["minor", "major", "critical"] as const) {
    for (const kind of ["above", "outside", "inside"] as const) {
      const band = kind === "above" ? {} : { low: 0, high: 100 };
      const rule = ready({ severity }, { kind, ...band });
      const values = kind === "inside" ? [0, 1, 20, 50] : [100.001, 101, 200, 1e6, 1e300];
      const scores = values.map((value) => rule.scoreOf(value));
      expect(scores).toEqual(scores.toSorted((a, b) => a - b));
      expect(new Set(scores.map((score) => severityOf(Math.fround(score))))).toEqual(new Set([severity]));
    }
  }
});

test("the sentence says what was measured, and what was asked for", () => {
  expect(ready({ forSeconds: 300 }).sentence(82.41, 82.41)).toBe(
    "Temperature 82.4 °C; rule “Too hot”: above 80 °C for 5 min.",
  );
  const band = { low: -5, high: 5, of: "rate" } as const;
  expect(ready({}, { kind: "outside", ...band }).sentence(41.2, -7.3)).toBe(
    "Temperature 41.2 °C, falling by 7.3 °C a minute; rule “Too hot”: outside -5 to 5 °C a minute.",
  );
});

test("a rule that is not enabled is not asked", () => {
  const { rule } = ready({});
  expect(indexRules([{ ...rule, isEnabled: false }]).size).toBe(0);
});
