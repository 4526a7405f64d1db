import { expect, test } from "vitest";
import type { Standing, Trail } from "../platform/alarms/rule-ports.ts";
import type { RuleSteps } from "../platform/readings/shard-batch.ts";
import type { Rule, RuleWish } from "../schema/rule.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { openRuleBook } from "./rule-book.ts";
import { RuleWatch } from "./rules.ts";

const second = 1_000_000;
// A whole number of minutes.
const startUs = 1_767_225_600_000_000;

function rule(
  id: number,
  over: Partial<RuleWish> = {},
  condition: Partial<RuleWish["condition"]> = {},
): Rule {
  return {
    ...{ id, version: 1, name: `rule ${id}`, sensorType: "temperature", devices: null, schedule: null },
    ...{ forSeconds: 0, severity: "major", clearSeconds: 60, isEnabled: true, changedBy: "", changedUs: 0 },
    condition: { of: "value", kind: "above", limit: 80, hysteresis: 5, overSeconds: 60, ...condition },
    ...over,
  };
}

function reading(at: number, value: number, over: Partial<ScoredReading> = {}): ScoredReading {
  return {
    ...{ deviceId: "a", sensorType: "temperature", timestampUs: startUs + at * second, value, score: 0.1 },
    ...{ isAnomaly: false, confidence: 1, modelVersion: "none", isLate: false, explanation: null },
    ...over,
  };
}

/** A watch over these rules, and a store that says what is put into it. */
async function open(rules: Rule[], stored: { standings?: Standing[]; trails?: Trail[] } = {}) {
  let version = 0;
  const asked: number[] = [];
  const store = {
    list: () => Promise.resolve(rules),
    stamp: () => Promise.resolve(String(version)),
    standings: (keys: readonly unknown[]) => {
      asked.push(keys.length);
      return Promise.resolve(stored.standings ?? []);
    },
    trails: () => Promise.resolve(stored.trails ?? []),
  };
  const book = openRuleBook(store);
  await book.refresh();
  const watch = new RuleWatch({ book, store, mostSeries: () => 10 });
  const judge = async (...readings: ScoredReading[]): Promise<RuleSteps> => {
    await watch.load(watch.missing(readings));
    return watch.judge(readings);
  };
  const change = async (next: Rule[]): Promise<void> => {
    rules.splice(0, rules.length, ...next);
    version += 1;
    await book.refresh();
  };
  return { judge, change, asked, watch };
}

/** The steps as `strikes | ends | begins`. */
function told({ strikes, ends, begins }: RuleSteps): string {
  const struck = strikes.map(({ rule, value, holds }) => `${rule} ${value} ${holds ? "holds" : "over"}`);
  const began = begins.map(({ rule, sinceUs }) => `${rule} ${(sinceUs - startUs) / second}`);
  return [struck, ends.map((end) => end.rule), began].map((part) => part.join(", ")).join(" | ");
}

test("a single reading over the limit strikes, and the batch says that it is over", async () => {
  const { judge } = await open([rule(1)]);
  expect(told(await judge(reading(0, 20), reading(1, 81), reading(2, 20)))).toBe(
    "rule-1 81 over | rule-1 | ",
  );
});

test("a condition goes on until it is back behind the hysteresis, and ends once", async () => {
  const { judge } = await open([rule(1)]);
  expect(told(await judge(reading(0, 81)))).toBe("rule-1 81 holds |  | ");
  expect(told(await judge(reading(1, 79), reading(2, 76)))).toBe(" |  | ");
  expect(told(await judge(reading(3, 82)))).toBe("rule-1 82 holds |  | ");
  expect(told(await judge(reading(4, 75)))).toBe(" | rule-1 | ");
  expect(told(await judge(reading(5, 20)))).toBe(" |  | ");
});

test("a duration counts by the clock of the readings, from the first over the limit", async () => {
  const { judge } = await open([rule(1, { forSeconds: 10 })]);
  expect(told(await judge(reading(0, 90), reading(9, 90)))).toBe(" |  | rule-1 0");
  expect(told(await judge(reading(10, 90)))).toBe("rule-1 90 holds |  | ");
  expect(told(await judge(reading(11, 20), reading(12, 90)))).toBe(" | rule-1 | rule-1 12");
  expect(told(await judge(reading(13, 20)))).toBe(" | rule-1 | ");
});

test("a rate is taken against the reading a minute before", async () => {
  const { judge } = await open([
    rule(1, {}, { of: "rate", kind: "outside", low: -5, high: 5, hysteresis: 0 }),
  ]);
  const slow = Array.from({ length: 12 }, (_, at) => reading(at * 10, at * 0.5));
  expect(told(await judge(...slow))).toBe(" |  | ");
  // From 2.5 a minute ago.
  expect(told(await judge(reading(120, 9)))).toBe("rule-1 9 holds |  | ");
  expect(told(await judge(reading(130, 4)))).toBe(" | rule-1 | ");
});

test("outside of its hours a rule is not looked at, and what went on is over", async () => {
  const schedule = { timeZone: "UTC", days: ["thu" as const], from: "00:00", to: "00:01" };
  const { judge } = await open([rule(1, { schedule })]);
  expect(told(await judge(reading(-1, 90), reading(0, 90)))).toBe("rule-1 90 holds |  | ");
  expect(told(await judge(reading(60, 90)))).toBe(" | rule-1 | ");
  expect(told(await judge(reading(61, 90)))).toBe(" |  | ");
});

test("what comes late strikes, and neither begins nor ends anything", async () => {
  const { judge } = await open([rule(1), rule(2, { forSeconds: 5 })]);
  const late = { isLate: true };
  expect(told(await judge(reading(0, 90, late)))).toBe("rule-1 90 over |  | ");
  await judge(reading(10, 90));
  expect(told(await judge(reading(5, 20, late), reading(6, 91, late)))).toBe("rule-1 91 holds |  | ");
});

test("a watch that begins anew knows what went on", async () => {
  const key = { deviceId: "a", sensorType: "temperature" };
  const standings = [
    { ...key, rule: "rule-1", sinceUs: null, isHeld: true },
    { ...key, rule: "rule-2", sinceUs: startUs, isHeld: false },
    { ...key, rule: "rule-9", sinceUs: null, isHeld: true },
  ];
  const rules = () => [rule(1), rule(2, { forSeconds: 10 })];
  const { judge } = await open(rules(), { standings });
  // The alarm of a rule that is about this series no more ends with the first reading.
  expect(told(await judge(reading(9, 79)))).toBe(" | rule-9 | ");
  expect(told(await judge(reading(10, 85)))).toBe("rule-1 85 holds, rule-2 85 holds |  | ");
  const other = await open(rules(), { standings });
  expect(told(await other.judge(reading(9, 20)))).toBe(" | rule-9, rule-1, rule-2 | ");
});

test("a rate goes on after a new beginning as if there had been none", async () => {
  const rates = [rule(1, {}, { of: "rate", kind: "above", limit: 5, hysteresis: 0 })];
  const key = { deviceId: "a", sensorType: "temperature", overSeconds: 60 };
  const points = Array.from({ length: 20 }, (_, at) => ({
    timestampUs: startUs + at * 5 * second,
    value: at,
  }));
  const { judge } = await open([...rates], { trails: [{ ...key, points }] });
  const without = await open([...rates]);
  const readings = points.map(({ timestampUs, value }) => reading((timestampUs - startUs) / second, value));
  await without.judge(...readings);
  const next = reading(100, 40);
  expect(await judge(next)).toEqual(await without.judge(next));
  expect((await judge(reading(105, 41))).strikes).toHaveLength(1);
});

test("a rule is about the devices and the type it names, and others are not even looked up", async () => {
  const { judge, asked } = await open([rule(1, { devices: ["b*"] }), rule(2, { sensorType: "pressure" })]);
  const steps = await judge(
    ...[reading(0, 90), reading(0, 90, { deviceId: "b1" }), reading(0, 90, { sensorType: "humidity" })],
  );
  expect(steps.strikes.map(({ deviceId, rule: key }) => `${deviceId} ${key}`)).toEqual(["b1 rule-1"]);
  expect(asked).toEqual([2]);
});

test("a changed rule is taken up at once, and how things stand is asked again", async () => {
  const { judge, change, asked } = await open([rule(1)]);
  await judge(reading(0, 70));
  await change([rule(1, {}, { limit: 60 })]);
  expect(told(await judge(reading(1, 70)))).toBe("rule-1 70 holds |  | ");
  await change([]);
  expect(told(await judge(reading(2, 90)))).toBe(" |  | ");
  expect(asked).toEqual([1, 1]);
});

test("series beyond the limit are forgotten between batches, and asked for again", async () => {
  const { judge, asked, watch } = await open([rule(1)]);
  const many = Array.from({ length: 25 }, (_, number) => reading(0, 20, { deviceId: `d${number}` }));
  await judge(...many);
  expect(watch.missing(many)).toHaveLength(15);
  expect(asked).toEqual([25]);
});
