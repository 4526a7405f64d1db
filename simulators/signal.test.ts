import fc from "fast-check";
import { expect, test } from "vitest";
import { sensorTypes } from "../schema/sensors.ts";
import { createSignal, type Fault, type Sample } from "./signal.ts";

const startUs = Date.UTC(2026, 10, 22) * 1e3;
const secondUs = 1e6;

function samples(sensorType: string, seed: number, { seconds = 600, faults = [] as Fault[] } = {}): Sample[] {
  const signal = createSignal({ sensorType, seed, faults });
  return Array.from({ length: seconds }, (_, second) => signal.next(startUs + second * secondUs));
}

function valuesOf(said: readonly Sample[]): number[] {
  return said.flatMap((sample) => (sample === "silent" ? [] : [sample.value]));
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function typical(sensorType: string): { low: number; high: number } {
  return sensorTypes.get(sensorType)?.typical ?? { low: Number.NaN, high: Number.NaN };
}

/** The types that a signal can be made of. */
const simulated = [...sensorTypes.values()].filter((type) => type.typical !== null);
const anySensor = fc.constantFrom(...simulated.map(({ name }) => name));
const anySeed = fc.integer({ min: 0, max: 0xffff_ffff });
const fault = (kind: Fault["kind"]): Fault => ({
  kind,
  startUs: startUs + 100 * secondUs,
  endUs: startUs + 160 * secondUs,
});

test("an undisturbed sensor of any type and seed never leaves its typical range", () => {
  fc.assert(
    fc.property(anySensor, anySeed, fc.integer({ min: 0, max: 4e15 }), (sensorType, seed, timestampUs) => {
      const sample = createSignal({ sensorType, seed }).next(timestampUs);
      if (sample === "silent") throw new Error("silent without a fault");
      expect(sample.label).toBe("normal");
      expect(sample.value).toBeGreaterThanOrEqual(typical(sensorType).low);
      expect(sample.value).toBeLessThanOrEqual(typical(sensorType).high);
    }),
    { numRuns: 3000 },
  );
});

test("the same seed says the same, another seed something else", () => {
  expect(samples("temperature", 7)).toEqual(samples("temperature", 7));
  expect(samples("temperature", 7)).not.toEqual(samples("temperature", 8));
});

test("an instant has its value whatever was asked before", () => {
  const inOrder = samples("pressure", 3);
  const signal = createSignal({ sensorType: "pressure", seed: 3 });
  for (const second of [500, 2, 77]) {
    expect(signal.next(startUs + second * secondUs)).toEqual(inOrder[second]);
  }
});

test("noise has about the spread that the sensor table promises", () => {
  for (const type of simulated) {
    const { name } = type;
    const values = valuesOf(samples(name, 11));
    const steps = values.slice(1).map((value, index) => value - (values[index] ?? value));
    expect(deviation(steps) / Math.SQRT2 / type.noise).toBeCloseTo(1, 0);
  }
});

test("a spike is labelled and lies outside the typical range for its whole duration", () => {
  fc.assert(
    fc.property(anySensor, anySeed, (sensorType, seed) => {
      const said = samples(sensorType, seed, { seconds: 200, faults: [fault("spike")] });
      const { low, high } = typical(sensorType);
      said.forEach((sample, second) => {
        if (sample === "silent") throw new Error("a spike is not silent");
        const within = second >= 100 && second < 160;
        expect(sample.label).toBe(within ? "spike" : "normal");
        expect(sample.value < low || sample.value > high).toBe(within);
      });
    }),
    { numRuns: 50 },
  );
});

test("a drift leads out of the typical range and ends at once", () => {
  const said = valuesOf(samples("temperature", 5, { seconds: 200, faults: [fault("drift")] }));
  expect(said[101]).toBeLessThan(25);
  expect(said[159]).toBeGreaterThan(25);
  expect(said[160]).toBeLessThan(25);
});

test("a stuck sensor repeats one value", () => {
  const said = valuesOf(samples("humidity", 5, { seconds: 200, faults: [fault("stuck")] }));
  expect(new Set(said.slice(100, 160)).size).toBe(1);
  expect(new Set(said.slice(0, 100)).size).toBeGreaterThan(20);
});

test.each(["drop-out", "silence"] as const)(
  "after a %s a sensor says what it would have said anyway",
  (kind) => {
    const said = samples("humidity", 5, { seconds: 200, faults: [fault(kind)] });
    expect(said.slice(100, 160).every((sample) => sample === "silent")).toBe(true);
    expect(said.slice(160)).toEqual(samples("humidity", 5, { seconds: 200 }).slice(160));
  },
);

test("a noisy sensor spreads several times as wide", () => {
  const said = valuesOf(samples("pressure", 5, { seconds: 200, faults: [fault("noise")] }));
  expect(deviation(said.slice(100, 160)) / deviation(said.slice(0, 100))).toBeGreaterThan(3);
});

test("an unknown sensor type is refused by name", () => {
  expect(() => createSignal({ sensorType: "moonlight", seed: 1 })).toThrow(/"moonlight".*temperature/);
});
