import { expect, test } from "vitest";
import type { ExpectedBand } from "../platform/readings/shard-batch.ts";
import { bandWith, newBandTrail } from "./bands.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";
import { usualBand } from "./usual.ts";

const secondUs = 1e6;
const minuteUs = 60 * secondUs;
const hourUs = 60 * minuteUs;
const beginUs = Date.UTC(2026, 0, 1) * 1000;

interface Course {
  readonly count: number;
  readonly everyUs: number;
  readonly sensorType?: string;
  readonly valueAt?: (place: number, noise: number) => number;
}

/** The bands that a series brings, and its state at the end. */
function follow({
  count,
  everyUs,
  sensorType = "temperature",
  valueAt = (_, noise) => 22 + 0.5 * noise,
}: Course) {
  const random = seededRandom(5);
  const state = newSeries(sensorType);
  const trail = newBandTrail(`oven/${sensorType}`);
  const bands: ExpectedBand[] = [];
  for (let place = 0; place < count; place += 1) {
    const value = valueAt(place, normalNumber(random));
    const reading = { deviceId: "oven", sensorType, timestampUs: beginUs + place * everyUs, value };
    const band = bandWith(reading, state, trail);
    if (band !== undefined) bands.push(band);
    scoreReading(reading, state, undefined);
  }
  return { bands, state, trail };
}

const placesOf = (bands: readonly ExpectedBand[], everyUs: number) =>
  bands.map(({ timestampUs }) => (timestampUs - beginUs) / everyUs);

test("a series has no band while it learns, and one with the reading after that", () => {
  const { bands } = follow({ count: 61, everyUs: 600 * secondUs });
  expect(placesOf(bands, 600 * secondUs)).toEqual([60]);
  expect(bands[0]?.low).toBeLessThan(22);
  expect(bands[0]?.high).toBeGreaterThan(22);
});

test("of a minute at most one band is kept, and one an hour of a band that stands still", () => {
  const { bands } = follow({ count: 5 * 3600, everyUs: secondUs });
  const minutes = bands.map(({ timestampUs }) =>
    Math.floor((timestampUs + newBandTrail("oven/temperature").phaseUs) / minuteUs),
  );
  expect(new Set(minutes).size).toBeGreaterThanOrEqual(bands.length - 1);
  const late = bands.filter(({ timestampUs }) => timestampUs >= beginUs + 2 * hourUs);
  expect(late.length).toBeGreaterThanOrEqual(3);
  expect(late.length).toBeLessThan(15);
  const gaps = bands.slice(1).map(({ timestampUs }, at) => timestampUs - (bands[at]?.timestampUs ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(hourUs + minuteUs);
});

test("a band that moves is kept again: a level that was left is followed within some minutes", () => {
  const { bands } = follow({
    count: 3600,
    everyUs: secondUs,
    valueAt: (place, noise) => (place < 1800 ? 22 : 30) + 0.5 * noise,
  });
  const before = bands.findLast(({ timestampUs }) => timestampUs < beginUs + 30 * minuteUs);
  const after = bands.filter(({ timestampUs }) => timestampUs >= beginUs + 30 * minuteUs);
  expect(before?.high).toBeLessThan(26);
  expect(after[1]?.high).toBeGreaterThan(29);
});

test("the band is what was usual before the reading, whatever the reading is", () => {
  const { state, trail } = follow({ count: 200, everyUs: minuteUs });
  const timestampUs = beginUs + 300 * minuteUs;
  trail.last = null;
  const usual = usualBand(state, timestampUs);
  const band = bandWith(
    { deviceId: "oven", sensorType: "temperature", timestampUs, value: 1e60 },
    state,
    trail,
  );
  expect(band?.low).toBeCloseTo(usual.low, 2);
  expect(band?.high).toBeCloseTo(usual.high, 2);
});

test("a reading that is late or comes again brings none", () => {
  const { state, trail } = follow({ count: 200, everyUs: minuteUs });
  trail.last = null;
  for (const timestampUs of [beginUs, beginUs + 100 * minuteUs, state.lastTimestampUs]) {
    const reading = { deviceId: "oven", sensorType: "temperature", timestampUs, value: 22 };
    expect(bandWith(reading, state, trail)).toBeUndefined();
  }
});

test("whoever takes a series over keeps the same bands, and at most one more", () => {
  const { state, trail } = follow({ count: 500, everyUs: minuteUs });
  const heir = { state: structuredClone(state), trail: newBandTrail("oven/temperature") };
  const random = seededRandom(8);
  const kept: (ExpectedBand | undefined)[] = [];
  const inherited: (ExpectedBand | undefined)[] = [];
  for (let place = 500; place < 900; place += 1) {
    const value = 22 + 0.5 * normalNumber(random);
    const reading = {
      deviceId: "oven",
      sensorType: "temperature",
      timestampUs: beginUs + place * minuteUs,
      value,
    };
    kept.push(bandWith(reading, state, trail));
    inherited.push(bandWith(reading, heir.state, heir.trail));
    for (const one of [state, heir.state]) scoreReading(reading, one, undefined);
  }
  const extra = inherited.filter((band, at) => band !== undefined && kept[at] === undefined);
  expect(extra).toHaveLength(1);
  expect(inherited.findIndex((band) => band !== undefined)).toBe(0);
});

test("a band round a circle has its middle on it, however often the wind went round", () => {
  const { bands } = follow({
    count: 2000,
    everyUs: minuteUs,
    sensorType: "wind_direction",
    valueAt: (place, noise) => (((place + 5 * noise) % 360) + 360) % 360,
  });
  const middles = bands.map(({ low, high }) => (low + high) / 2);
  expect(middles.every((middle) => middle >= 0 && middle <= 360)).toBe(true);
  expect(middles.length).toBeGreaterThan(10);
});

test("a season is seen in the band: nights are colder than days", () => {
  const everyUs = 5 * minuteUs;
  const { bands } = follow({
    count: 12 * 288,
    everyUs,
    valueAt: (place, noise) => 20 + 6 * Math.sin((2 * Math.PI * place) / 288) + 0.2 * noise,
  });
  const lastDay = bands.filter(({ timestampUs }) => timestampUs >= beginUs + 11 * 24 * hourUs);
  const centres = lastDay.map(({ low, high }) => (low + high) / 2);
  expect(Math.max(...centres) - Math.min(...centres)).toBeGreaterThan(9);
  expect(lastDay.length).toBeGreaterThan(48);
});

test.each(["energy", "door", "setpoint"])("%s has no place on its chart where it is usual", (sensorType) => {
  expect(follow({ count: 500, everyUs: minuteUs, sensorType, valueAt: (place) => place % 2 }).bands).toEqual(
    [],
  );
});

test("what never changes has a band of the width of its sensor's noise, and stays inside of what can be", () => {
  const still = follow({ count: 200, everyUs: minuteUs, valueAt: () => 22 });
  expect(still.bands.at(-1)?.low).toBeLessThan(22);
  const dry = follow({ count: 200, everyUs: minuteUs, sensorType: "humidity", valueAt: () => 0 });
  expect(dry.bands.at(-1)?.low).toBe(0);
});

test("a fleet does not look at all its bands in the same second", () => {
  const phases = Array.from(
    { length: 1000 },
    (_, n) => newBandTrail(`oven-${n}/temperature`).phaseUs % minuteUs,
  );
  const seconds = new Map<number, number>();
  for (const phase of phases) seconds.set(phase, (seconds.get(phase) ?? 0) + 1);
  expect(seconds.size).toBeGreaterThan(50);
  expect(Math.max(...seconds.values())).toBeLessThan(60);
});

test("extreme values leave a band that can be stored", () => {
  const { bands } = follow({
    count: 300,
    everyUs: minuteUs,
    sensorType: "unknown thing",
    valueAt: (place) => (place % 3 === 0 ? 1.7e308 : -1.7e308),
  });
  expect(bands.every((band) => Number.isFinite(band.low) && Number.isFinite(band.high))).toBe(true);
  expect(bands.every(({ low, high }) => low <= high)).toBe(true);
  expect(bands.length).toBeGreaterThan(0);
});
