import { expect, test } from "vitest";
import type { Reading } from "../schema/reading.ts";
import { growFactoryModels } from "./factory.ts";
import { DetectorMemory } from "./memory.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";

const model = growFactoryModels().get("temperature");
const key = { deviceId: "d1", sensorType: "temperature" };

function readings(count: number): readonly Reading[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, (_, i) => {
    return { ...key, timestampUs: (i + 1) * 5_000_000, value: 28 + 0.1 * normalNumber(random) };
  });
}

function rebuilt(from: readonly Reading[]): DetectorMemory {
  const memory = new DetectorMemory();
  const points = from.map(({ timestampUs, value }) => ({ timestampUs, value, score: 0, isAnomaly: false }));
  memory.rebuild([{ ...key, points }]);
  return memory;
}

test("only series that are not remembered are missing, each once", () => {
  const memory = new DetectorMemory();
  memory.stateOf(key);
  const other = { deviceId: "d1", sensorType: "humidity" };
  expect(memory.missing([key, other, other])).toEqual([other]);
});

test("a state rebuilt from the whole history is the state that was lost", () => {
  const live = new DetectorMemory();
  const history = readings(300);
  for (const reading of history) scoreReading(reading, live.stateOf(reading), model);
  expect(rebuilt(history).stateOf(key)).toEqual(live.stateOf(key));
});

test("verdicts go on after a restart: ordinary stays ordinary and a spike is found", () => {
  const memory = rebuilt(readings(1000).slice(-300));
  const next = { ...key, timestampUs: 6e9, value: 28.1 };
  expect(scoreReading(next, memory.stateOf(key), model).isAnomaly).toBe(false);
  const spike = { ...key, timestampUs: 6.005e9, value: 33 };
  expect(scoreReading(spike, memory.stateOf(key), model).isAnomaly).toBe(true);
});

test("a reading delivered again after a restart teaches nothing", () => {
  const history = readings(300);
  const memory = rebuilt(history);
  const before = structuredClone(memory.stateOf(key));
  for (const reading of history.slice(-20)) scoreReading(reading, memory.stateOf(key), model);
  expect(memory.stateOf(key)).toEqual(before);
});

test("rebuilding leaves a series alone that is remembered", () => {
  const memory = rebuilt(readings(100));
  const before = memory.stateOf(key);
  memory.rebuild([{ ...key, points: [] }]);
  expect(memory.stateOf(key)).toBe(before);
});

test("beyond its limit it forgets the series that was not asked for longest", () => {
  const memory = new DetectorMemory(2);
  const [a, b, c] = ["a", "b", "c"].map((deviceId) => ({ deviceId, sensorType: "temperature" }));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three keys are needed");
  for (const one of [a, b, a, c]) memory.stateOf(one);
  expect(memory.size).toBe(2);
  expect(memory.missing([a, b, c])).toEqual([b]);
});
