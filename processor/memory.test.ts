import { expect, test } from "vitest";
import type { Reading } from "../schema/reading.ts";
import { growFactoryModels } from "./factory.ts";
import { DetectorMemory } from "./memory.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { serialiseSeries, seriesFormat } from "./series-bytes.ts";

const model = growFactoryModels().get("temperature");
const key = { deviceId: "d1", sensorType: "temperature" };

function readings(count: number): readonly Reading[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, (_, i) => {
    return { ...key, timestampUs: (i + 1) * 5_000_000, value: 28 + 0.1 * normalNumber(random) };
  });
}

function rebuilt(from: readonly Reading[]): DetectorMemory {
  const memory = new DetectorMemory(() => 100);
  memory.rebuild([{ ...key, anchor: null, points: from }]);
  return memory;
}

test("only series that are not remembered are missing, each once", () => {
  const memory = new DetectorMemory(() => 100);
  memory.of(key).state;
  const other = { deviceId: "d1", sensorType: "humidity" };
  expect(memory.missing([key, other, other])).toEqual([other]);
});

test("a state rebuilt from the whole history is the state that was lost", () => {
  const live = new DetectorMemory(() => 100);
  const history = readings(300);
  for (const reading of history) scoreReading(reading, live.of(reading).state, model);
  expect(rebuilt(history).of(key).state).toEqual(live.of(key).state);
});

test("a state rebuilt from an anchor and what came after it is the state that was lost, to the last bit", () => {
  const live = new DetectorMemory(() => 100);
  const history = readings(3000).map((reading, place) =>
    place % 97 === 0 ? { ...reading, value: 500 } : reading,
  );
  for (const reading of history.slice(0, 2900)) scoreReading(reading, live.of(reading).state, model);
  const { state } = live.of(key);
  const anchor = {
    ...{ ...key, timestampUs: state.lastTimestampUs, format: seriesFormat },
    state: Buffer.from(serialiseSeries(state)),
  };
  const after = history.slice(2900);
  for (const reading of after) scoreReading(reading, state, model);
  const memory = new DetectorMemory(() => 100);
  memory.rebuild([{ ...key, anchor, points: after }]);
  expect(memory.of(key).state).toEqual(state);
  expect(memory.of(key).sinceAnchor).toBe(100);
});

test("a state takes at most 16 kB, in memory and as bytes", () => {
  const { state } = rebuilt(readings(3000)).of(key);
  const singles = [state.day, state.week, state.recent].reduce((sum, one) => sum + one.byteLength, 0);
  expect(serialiseSeries(state).length).toBeLessThanOrEqual(16_384);
  expect(singles + 8 * 100).toBeLessThanOrEqual(16_384);
});

test("verdicts go on after a restart: ordinary stays ordinary and a spike is found", () => {
  const memory = rebuilt(readings(1000).slice(-300));
  const next = { ...key, timestampUs: 6e9, value: 28.1 };
  expect(scoreReading(next, memory.of(key).state, model).isAnomaly).toBe(false);
  const spike = { ...key, timestampUs: 6.005e9, value: 33 };
  expect(scoreReading(spike, memory.of(key).state, model).isAnomaly).toBe(true);
});

test("a reading delivered again after a restart teaches nothing", () => {
  const history = readings(300);
  const memory = rebuilt(history);
  const before = structuredClone(memory.of(key).state);
  for (const reading of history.slice(-20)) scoreReading(reading, memory.of(key).state, model);
  expect(memory.of(key).state).toEqual(before);
});

test("rebuilding leaves a series alone that is remembered", () => {
  const memory = rebuilt(readings(100));
  const before = memory.of(key).state;
  memory.rebuild([{ ...key, anchor: null, points: [] }]);
  expect(memory.of(key).state).toBe(before);
});

test("beyond its limit it forgets, between batches, the series that was not asked for longest", () => {
  const memory = new DetectorMemory(() => 2);
  const [a, b, c] = ["a", "b", "c"].map((deviceId) => ({ deviceId, sensorType: "temperature" }));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three keys are needed");
  for (const one of [a, b, a, c]) memory.of(one);
  expect(memory.missing([a, b, c])).toEqual([]);
  expect(memory.trim()).toBe(1);
  expect(memory.size).toBe(2);
  expect(memory.missing([a, b, c])).toEqual([b]);
  expect(memory.trim()).toBe(0);
});

test("with less room than before it forgets what was not asked for longest", () => {
  let room = 4;
  const memory = new DetectorMemory(() => room);
  const keys = ["a", "b", "c", "d"].map((deviceId) => ({ deviceId, sensorType: "temperature" }));
  for (const one of keys) memory.of(one);
  expect(memory.trim()).toBe(0);
  room = 1;
  expect(memory.trim()).toBe(3);
  expect(memory.missing(keys)).toEqual(keys.slice(0, 3));
});
