import { expect, test } from "vitest";
import type { ScoredReading } from "../schema/scored.ts";
import { growFactoryModels } from "./factory.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { Rescore, type StoredReading } from "./rescore.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";

const second = 1_000_000;
const key = { deviceId: "d1", sensorType: "temperature" };
const model = growFactoryModels().get("temperature");
const quietUs = 300 * second;

/** A room with these readings in the place of ordinary ones, every five seconds. */
function room(count: number, faults: Readonly<Record<number, number>> = {}): StoredReading[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, place) => {
    const ordinary = Math.round((22 + 0.15 * normalNumber(random)) * 100) / 100;
    return { timestampUs: (place + 1) * 5 * second, value: faults[place] ?? ordinary };
  });
}

test("a replay finds what the pipeline found", () => {
  const history = room(1500, { 700: 41, 1100: -300, 1400: 60 });
  const state = newSeries(key.sensorType);
  const live = history
    .map((reading) => scoreReading({ ...key, ...reading }, state, model))
    .filter(({ isAnomaly }) => isAnomaly);
  const found: ScoredReading[] = [];
  const replay = new Rescore(key, { model, quietUs, onAnomaly: (anomaly) => found.push(anomaly) });
  for (let from = 0; from < history.length; from += 97) replay.take(history.slice(from, from + 97));
  expect(replay.result().readings).toBe(1500);
  expect(found).toEqual(live);
  expect(found.length).toBeGreaterThanOrEqual(3);
});

test("readings before the window teach and are not judged", () => {
  const history = room(1500, { 700: 41, 1400: 60 });
  const sinceUs = history[1000]?.timestampUs ?? 0;
  const found: ScoredReading[] = [];
  const replay = new Rescore(key, { model, sinceUs, quietUs, onAnomaly: (anomaly) => found.push(anomaly) });
  replay.take(history);
  expect(replay.result().readings).toBe(500);
  expect(found).toMatchObject([{ timestampUs: history[1400]?.timestampUs, value: 60 }]);
  // Who learnt nothing before the window cannot say what is usual in it.
  expect(found[0]?.explanation?.sentence).toContain("is usual here");
});

test("anomalies that follow on one another within the quiet time are one episode", () => {
  const faults = { 800: 41, 830: 90, 1200: 60 };
  const replay = new Rescore(key, { model, quietUs });
  replay.take(room(1500, faults));
  const at = (place: number) => (place + 1) * 5 * second;
  expect(replay.result().episodes).toMatchObject([
    { ...key, firstUs: at(800), lastUs: at(830), anomalies: 2 },
    { ...key, firstUs: at(1200), lastUs: at(1200), anomalies: 1 },
  ]);
});
