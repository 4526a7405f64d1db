import fc from "fast-check";
import { expect, test } from "vitest";
import { sensorTypes } from "../schema/sensors.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { learnReading, scoreReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";
import { usualBand } from "./usual.ts";

const minuteUs = 60_000_000;

/** Whether each value was called an anomaly, a minute apart. */
function flagsOf(state: SeriesState, values: readonly number[]): boolean[] {
  return values.map((value) => {
    const timestampUs = Math.max(state.lastTimestampUs, 0) + minuteUs;
    const reading = { deviceId: "d", sensorType: state.sensorType, timestampUs, value };
    return scoreReading(reading, state, undefined).isAnomaly;
  });
}

function series(count: number, next: (random: () => number, index: number) => number): number[] {
  const random = seededRandom(3);
  return Array.from({ length: count }, (_, index) => next(random, index));
}

test("wind that blows around north is no news, and from the south it is", () => {
  const state = newSeries("wind_direction");
  const north = series(800, (random) => (360 + 8 * normalNumber(random)) % 360);
  expect(flagsOf(state, north).filter(Boolean).length).toBeLessThanOrEqual(2);
  expect(flagsOf(state, [359, 1, 2, 180])).toEqual([false, false, false, true]);
});

test("a counter's reading that comes late is no increase", () => {
  const state = newSeries("energy");
  const reading = (place: number) => ({
    ...{ deviceId: "meter", sensorType: "energy", timestampUs: place * 1e6, value: 1000 + place * 0.01 },
  });
  for (let place = 0; place < 300; place += 1) scoreReading(reading(place), state, undefined);
  expect(scoreReading(reading(250), state, undefined)).toMatchObject({ isAnomaly: false, isLate: true });
  expect(scoreReading({ ...reading(250), value: -5 }, state, undefined).isAnomaly).toBe(true);
});

test("a counter is watched by what it adds: growing on is usual, beginning anew as well, a leap is not", () => {
  const state = newSeries("energy");
  let total = 41_000;
  const count = (random: () => number) => {
    total += 2 + 0.2 * normalNumber(random);
    return total;
  };
  expect(flagsOf(state, series(800, count)).filter(Boolean).length).toBeLessThanOrEqual(2);
  const anew = [2.1, 4, 6.2, 8.1];
  expect(flagsOf(state, anew)).not.toContain(true);
  expect(flagsOf(state, [60])).toEqual([true]);
});

test("light is watched by orders of magnitude", () => {
  const state = newSeries("illuminance");
  const lamp = series(800, (random) => 400 * Math.exp(0.1 * normalNumber(random)));
  expect(flagsOf(state, lamp).filter(Boolean).length).toBeLessThanOrEqual(2);
  expect(flagsOf(state, [430, 2])).toEqual([false, true]);
});

test("a door that opens in its hours is no news; in the middle of the night it is", () => {
  const state = newSeries("door");
  const hourOf = (index: number) => Math.floor(((index + 1) % 1440) / 60);
  const opened = series(20 * 1440, (_random, index) => (hourOf(index) >= 8 && hourOf(index) < 18 ? 1 : 0));
  expect(flagsOf(state, opened).slice(1440).filter(Boolean).length).toBeLessThanOrEqual(10);
  expect(
    flagsOf(
      state,
      series(180, () => 0),
    ),
  ).not.toContain(true);
  expect(flagsOf(state, [1])).toEqual([true]);
});

test("a setpoint may be set to what it was before at any time, and rest there for ever", () => {
  const state = newSeries("setpoint");
  const set = series(3000, (_random, index) => [18, 21, 24][Math.floor(index / 150) % 3] ?? 18);
  expect(flagsOf(state, set).slice(1000)).not.toContain(true);
  expect(flagsOf(state, [80])).toEqual([true]);
});

test("finite readings of any kind get finite scores", () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true });
  const types = fc.constantFrom(...sensorTypes.keys());
  fc.assert(
    fc.property(fc.array(value, { minLength: 61, maxLength: 90 }), types, (values, sensorType) => {
      const state = newSeries(sensorType);
      for (const [index, one] of values.entries()) {
        const reading = { deviceId: "d", sensorType, timestampUs: index * minuteUs, value: one };
        expect(Number.isFinite(scoreReading(reading, state, undefined).score)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test("what is usual of a counter is never less than nothing, and round a circle never more than the whole", () => {
  const energy = newSeries("energy");
  const wind = newSeries("wind_direction");
  const random = seededRandom(2);
  for (let at = 1; at <= 500; at += 1) {
    learnReading(energy, { timestampUs: at * 60e6, value: Math.floor(at * 0.07) });
    learnReading(wind, { timestampUs: at * 60e6, value: 360 * random() });
  }
  expect(usualBand(energy, 501 * 60e6).low).toBe(0);
  const { low, high } = usualBand(wind, 501 * 60e6);
  expect(high - low).toBeLessThanOrEqual(360);
});

test("values below a billionth are watched like any others", () => {
  const state = newSeries("vacuum");
  const random = seededRandom(2);
  const scored = Array.from({ length: 1000 }, (_, at) => {
    const value = at === 900 ? 9e-12 : 1e-12 * (1 + 0.1 * random());
    return scoreReading(
      { deviceId: "d", sensorType: "vacuum", timestampUs: at * 60e6, value },
      state,
      undefined,
    );
  });
  expect(scored.flatMap(({ isAnomaly }, at) => (isAnomaly ? [at] : []))).toContain(900);
  expect(scored.filter(({ isAnomaly }) => isAnomaly).length).toBeLessThan(4);
});
