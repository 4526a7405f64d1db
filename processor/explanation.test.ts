import { expect, test } from "vitest";
import { observe } from "./channels.ts";
import { explainAway, explainImpossible, explainSurprise, explainUntypical } from "./explanation.ts";
import { advance } from "./learning.ts";
import { newSeries, type SeriesState } from "./series.ts";

function seriesOf(sensorType: string, values: readonly number[]): SeriesState {
  const state = newSeries(sensorType);
  for (const [index, value] of values.entries()) advance(state, observe(state, value, index + 1));
  return state;
}

const steady = (level: number, swing: number) =>
  Array.from({ length: 300 }, (_, i) => level + swing * Math.sin(i * 2.4));

test("a jump is named with its size and its unit", () => {
  const slowSwing = Array.from({ length: 300 }, (_, i) => 22 + 0.5 * Math.sin(i / 20));
  const state = seriesOf("temperature", slowSwing);
  const { sentence, expected } = explainSurprise(state, observe(state, 41.2, 301));
  expect(sentence).toMatch(
    /^Temperature 41\.2 °C; 21\.\d+ to 22\.\d+ is usual here; the jump of 1[89](\.\d)? °C in one reading weighs most\.$/,
  );
  expect(expected?.low).toBeLessThan(22);
  expect(expected?.high).toBeGreaterThan(22);
});

test("of readings that lie far out no average is named that is not theirs", () => {
  const state = seriesOf("current", [...steady(12, 0.3), ...Array(9).fill(0.2)]);
  const { sentence } = explainAway(state, observe(state, 0.2, 310));
  expect(sentence).toMatch(/^Current 0\.2; .*; that the last ten readings together run low weighs most\.$/);
});

test("a type that nobody knows is made readable and has no unit", () => {
  const state = seriesOf("soil_moisture", steady(400, 10));
  const { sentence } = explainSurprise(state, observe(state, 900, 301));
  expect(sentence).toMatch(
    /^Soil moisture 900; \d+(\.\d)? to \d+(\.\d)? is usual here; the .* weighs most\.$/,
  );
});

test("the expected band stays within what is physically possible", () => {
  const state = seriesOf("humidity", steady(98, 2));
  const { expected } = explainSurprise(state, observe(state, 40, 301));
  expect(expected?.high).toBe(100);
});

test("an impossible value is told from an untypical one", () => {
  expect(explainImpossible("humidity", 140, { low: 0, high: 100 })).toEqual({
    sentence: "Humidity 140 %; only 0 to 100 % is physically possible.",
    expected: { low: 0, high: 100 },
  });
  expect(explainUntypical({ sensorType: "temperature", count: 12 }, 45, { low: 20, high: 25 }).sentence).toBe(
    "Temperature 45 °C; 20 to 25 is usual for a new device of this type (learning 12/60).",
  );
});

test("huge and tiny numbers stay short", () => {
  const { sentence } = explainUntypical({ sensorType: "temperature", count: 0 }, -1.23456789e300, {
    low: 1e-12,
    high: 0.000123456,
  });
  expect(sentence).toBe(
    "Temperature -1.23e+300 °C; 1.00e-12 to 0.000123 is usual for a new device of this type (learning 0/60).",
  );
});
