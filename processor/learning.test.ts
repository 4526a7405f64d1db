import { expect, test } from "vitest";
import { learnReading } from "./score.ts";
import { newSeries } from "./series.ts";

const second = 1_000_000;

/** The usual interval of a series, in seconds, after readings at these seconds. */
function intervalAfter(moments: readonly number[]): number {
  const state = newSeries("temperature");
  for (const at of moments) learnReading(state, { timestampUs: at * second, value: 20 });
  return state.intervalUs / second;
}

const every = (seconds: number, count: number, from = 800_000_000) =>
  Array.from({ length: count }, (_, place) => from + place * seconds);

test("the interval of a series is not that between a clock that was wrong and one that was set right", () => {
  expect(intervalAfter([0, ...every(10, 3)])).toBe(10);
  expect(intervalAfter([0, 10, ...every(10, 30)])).toBeLessThan(100);
});

test("two readings at almost one moment do not make a slow series a fast one", () => {
  const slow = [...every(900, 4), 800_002_701, ...every(900, 40, 800_003_600)];
  expect(intervalAfter(slow)).toBeGreaterThan(700);
});
