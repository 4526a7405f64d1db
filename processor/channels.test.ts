import fc from "fast-check";
import { expect, test } from "vitest";
import { magnitude, observe } from "./channels.ts";
import { advance, passOver } from "./learning.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { isLate, newSeries, type SeriesState } from "./series.ts";

const nextUs = (state: SeriesState) => Math.max(state.lastTimestampUs, 0) + 1_000_000;

function feed(state: SeriesState, values: Iterable<number>): void {
  for (const value of values) {
    const atUs = nextUs(state);
    advance(state, observe(state, value, atUs));
  }
}

function* noise(level: number, count: number, seed = 1): Generator<number> {
  const random = seededRandom(seed);
  for (let i = 0; i < count; i++) yield level + 0.2 * normalNumber(random);
}

const lookAt = (state: SeriesState, value: number) => observe(state, value, nextUs(state));
const surpriseAt = (state: SeriesState, value: number) => magnitude(lookAt(state, value).channels);

test("looking at a reading changes nothing", () => {
  const state = newSeries("temperature");
  feed(state, noise(22, 100));
  const before = structuredClone(state);
  lookAt(state, 50);
  expect(state).toEqual(before);
});

test("a bigger spike is a bigger surprise", () => {
  const state = newSeries("temperature");
  feed(state, noise(22, 500));
  const surprises = [22, 23, 24, 26, 30, 40, 80, 1000, 1e9].map((value) => surpriseAt(state, value));
  expect(surprises).toEqual([...surprises].sort((a, b) => a - b));
});

test("one spike leaves the baseline where it was, and the way back is no surprise", () => {
  const state = newSeries("temperature");
  feed(state, noise(22, 1000));
  const { mean } = state;
  feed(state, [500]);
  expect(Math.abs(state.mean - mean)).toBeLessThan(0.01);
  expect(surpriseAt(state, 22)).toBeLessThan(1.5);
  expect(surpriseAt(state, 500)).toBeGreaterThan(10);
});

test("a spike among the first readings does not blind a series", () => {
  const state = newSeries("temperature");
  feed(state, noise(22, 10));
  feed(state, [500]);
  feed(state, noise(22, 90, 2));
  expect(Math.abs(state.mean - 22)).toBeLessThan(0.5);
  expect(surpriseAt(state, 30)).toBeGreaterThan(3);
});

test("a level that stays becomes the usual one", () => {
  const state = newSeries("temperature");
  feed(state, noise(22, 3000));
  expect(surpriseAt(state, 40)).toBeGreaterThan(5);
  feed(state, noise(40, 200, 2));
  expect(surpriseAt(state, 40)).toBeLessThan(1.5);
});

test("a step that comes back every day is news only the first times", () => {
  const state = newSeries("flow");
  const flagged: number[] = [];
  for (let day = 0; day < 20; day++) {
    feed(state, Array(100).fill(20));
    if (surpriseAt(state, 70) > 2) flagged.push(day);
    feed(state, Array(100).fill(70));
  }
  expect(flagged[0]).toBe(0);
  expect(flagged.length).toBeLessThan(10);
});

test("a constant series of an unknown type is quiet, and its first real change is not", () => {
  const state = newSeries("co2");
  feed(state, Array(500).fill(412));
  expect(surpriseAt(state, 412)).toBe(0);
  expect(surpriseAt(state, 430)).toBeGreaterThan(5);
});

test("flicker by one step of the sensor's resolution is no surprise", () => {
  const state = newSeries("co2");
  feed(
    state,
    Array.from({ length: 500 }, (_, i) => (i % 40 === 0 ? 413 : 412)),
  );
  expect(surpriseAt(state, 413)).toBeLessThan(2);
});

test("a reading that was passed over or learnt from is late when it comes again", () => {
  const state = newSeries("temperature");
  feed(state, [22, 22.1]);
  expect(isLate(state, state.lastTimestampUs)).toBe(true);
  const nextUs = state.lastTimestampUs + 1;
  passOver(state, nextUs);
  expect(isLate(state, nextUs)).toBe(true);
  expect(isLate(state, nextUs + 1)).toBe(false);
});

test("finite readings keep everything finite", () => {
  const extreme = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(
      fc.array(extreme, { minLength: 1, maxLength: 120 }),
      fc.constantFrom("temperature", "x"),
      (values, type) => {
        const state = newSeries(type);
        for (const value of values) {
          const seen = lookAt(state, value);
          expect([...seen.raw, ...seen.channels].every((one) => Number.isFinite(one) && one >= 0)).toBe(true);
          feed(state, [value]);
          const kept = [state.mean, state.ema10, state.ema16, state.ema40, state.unrest];
          expect([...kept, ...state.variances, ...state.quantiles].every(Number.isFinite)).toBe(true);
        }
      },
    ),
  );
});
