import fc from "fast-check";
import { expect, test } from "vitest";
import { type ScoredReading, severities, severityOf } from "../schema/scored.ts";
import { observe } from "./channels.ts";
import { growFactoryModels } from "./factory.ts";
import { usualManner } from "./manner.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { judgeReading, scoreReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";
import { serialiseSeries } from "./series-bytes.ts";

const models = growFactoryModels();

function scoreAt(state: SeriesState, value: number, timestampUs?: number): ScoredReading {
  const atUs = timestampUs ?? Math.max(state.lastTimestampUs, 0) + 1_000_000;
  const reading = { deviceId: "d1", sensorType: state.sensorType, timestampUs: atUs, value };
  return scoreReading(reading, state, models.get(state.sensorType));
}

function room(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const ideal = 22 + 1.5 * Math.sin(i / 400) + 0.15 * normalNumber(random);
    return Math.round(ideal * 100) / 100;
  });
}

function warmRoom(): SeriesState {
  const state = newSeries("temperature");
  for (const value of room(600)) scoreAt(state, value);
  return state;
}

test.each([
  ["temperature", 22, false],
  ["temperature", 27, false],
  ["temperature", 45, true],
  ["temperature", 100, true],
  ["temperature", -10, true],
  ["humidity", 50, false],
  ["humidity", 95, true],
  ["vibration", 2, false],
])("a first %s of %d is judged by the type's typical range", (sensorType, value, isAnomaly) => {
  const scored = scoreAt(newSeries(sensorType), value);
  expect(scored.isAnomaly).toBe(isAnomaly);
  expect(scored.modelVersion).toBe(`${sensorType}@factory-2`);
  expect(scored.score > 0.5).toBe(isAnomaly);
});

test("a device that lives outside the typical range is believed after a few readings, an oven is not", () => {
  const greenhouse = newSeries("temperature");
  const oven = newSeries("temperature");
  const flags = Array.from({ length: 10 }, (_, i) => [
    scoreAt(greenhouse, 33 + (i % 3) / 10).isAnomaly,
    scoreAt(oven, 100 + (i % 3) / 10).isAnomaly,
  ]);
  expect(flags[0]).toEqual([true, true]);
  expect(flags[9]).toEqual([false, true]);
});

test("a spike in a warm series is an anomaly with its reason, and the reading after it is not", () => {
  const state = warmRoom();
  const spike = scoreAt(state, 41.2);
  expect(spike).toMatchObject({ isAnomaly: true, modelVersion: "temperature@factory-2" });
  expect(spike.score).toBeGreaterThan(0.9);
  expect(spike.confidence).toBeGreaterThan(0.8);
  expect(spike.explanation?.sentence).toMatch(
    /^Temperature 41\.2 °C; 2\d\.\d+ to 2\d\.\d+ is usual here; the jump of 1\d(\.\d)? °C in one reading weighs most\.$/,
  );
  const { low, high } = spike.explanation?.expected ?? { low: 0, high: 0 };
  expect(low < 23 && 23 < high && high < 41).toBe(true);
  expect(scoreAt(state, 22.4)).toMatchObject({ isAnomaly: false, explanation: null });
});

test("a bigger jump in a warm series never scores lower", () => {
  const scores = [2, 4, 8, 16, 64, 500].map((jump) => scoreAt(warmRoom(), 22.4 + jump).score);
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
});

test("a reading that comes again is judged and teaches nothing", () => {
  const state = warmRoom();
  scoreAt(state, 30);
  const before = serialiseSeries(state);
  scoreAt(state, 30, state.lastTimestampUs);
  scoreAt(state, 99, state.lastTimestampUs - 5_000_000);
  expect(serialiseSeries(state)).toEqual(before);
});

test("a value that is physically impossible is an anomaly and teaches nothing but its time", () => {
  const state = warmRoom();
  const before = structuredClone(state);
  const scored = scoreAt(state, -300);
  expect(scored).toMatchObject({ isAnomaly: true, score: 1, confidence: 1 });
  expect(scored.explanation?.sentence).toContain("physically possible");
  expect(state).toEqual({ ...before, lastTimestampUs: scored.timestampUs });
});

test("a score does not change when later readings come", () => {
  const nearby = fc.double({ min: 10, max: 40, noNaN: true });
  const values = fc.array(fc.oneof(nearby, fc.constant(22), fc.constant(90)), {
    minLength: 80,
    maxLength: 160,
  });
  fc.assert(
    fc.property(values, fc.nat(79), fc.constantFrom("temperature", "x"), (all, length, type) => {
      const [whole, prefix] = [newSeries(type), newSeries(type)];
      const scores = all.map((value, at) => scoreAt(whole, value, at * 60_000_000));
      const sooner = all.slice(0, length).map((value, at) => scoreAt(prefix, value, at * 60_000_000));
      expect(sooner).toEqual(scores.slice(0, length));
    }),
    { numRuns: 30 },
  );
});

test("a higher score is never less severe, and severe exactly beyond the line", () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(score, score, (one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)].map((each) =>
        severities.indexOf(severityOf(each)),
      );
      expect(low).toBeLessThanOrEqual(high ?? -1);
      expect(severityOf(one) !== "none").toBe(one > 0.5);
    }),
  );
});

test("a sensor that gets stuck is an anomaly once, with its reason", () => {
  const state = warmRoom();
  const last = state.lastValue;
  const stuck = Array.from({ length: 60 }, () => scoreAt(state, last)).filter(({ isAnomaly }) => isAnomaly);
  expect(stuck.map(({ explanation }) => explanation?.sentence)).toEqual([
    expect.stringMatching(/^Temperature 23\.[0-9]+ °C, repeated \d+ times in a row; /),
  ]);
});

test("a drift that no single reading betrays is an anomaly once, by the last ten readings", () => {
  const state = newSeries("co2");
  const random = seededRandom(5);
  const noisy = (level: number) => level + 8 * normalNumber(random);
  for (let i = 0; i < 2000; i++) scoreAt(state, noisy(400));
  const drift = Array.from({ length: 60 }, (_, index) => scoreAt(state, noisy(400 + 0.6 * index)));
  const found = drift.filter(({ isAnomaly }) => isAnomaly);
  expect(found).toHaveLength(1);
  expect(found[0]?.explanation?.sentence).toMatch(
    /^Co2 4\d\d(\.\d)?; 3\d\d to 4\d\d is usual here; that the last ten readings together run high weighs most\.$/,
  );
  const shares = found[0]?.explanation?.shares ?? [];
  expect(shares[0]?.channel).toBe("smoothed");
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

test("a signal that stays the same, after whatever came before, does not end as an anomaly", () => {
  const before = fc.array(fc.double({ min: -50, max: 80, noNaN: true }), { maxLength: 300 });
  fc.assert(
    fc.property(before, fc.double({ min: -50, max: 80, noNaN: true }), (values, constant) => {
      const state = newSeries("co2");
      for (const value of values) scoreAt(state, value);
      const last = Array.from({ length: 700 }, () => scoreAt(state, constant)).slice(-300);
      expect(Math.max(...last.map(({ score }) => score))).toBeLessThan(0.5);
    }),
    { numRuns: 25 },
  );
});

test("late readings, in any order and among others, change nothing that is said of those in time", () => {
  const inTime = room(300, 3);
  const late = fc.array(fc.tuple(fc.nat(299), fc.double({ min: -50, max: 80, noNaN: true })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(late, (lates) => {
      const [alone, among] = [newSeries("temperature"), newSeries("temperature")];
      for (const [index, value] of inTime.entries()) {
        const atUs = (index + 1) * 1_000_000;
        expect(scoreAt(among, value, atUs)).toEqual(scoreAt(alone, value, atUs));
        for (const [, other] of lates.filter(([after]) => after === index)) {
          expect(scoreAt(among, other, atUs - Math.floor(Math.abs(other) * 1e5)).isLate).toBe(true);
        }
      }
      expect(serialiseSeries(among)).toEqual(serialiseSeries(alone));
    }),
    { numRuns: 25 },
  );
});

test("one episode is one alarm, and a worse one within it another", () => {
  const state = warmRoom();
  const values = [30, 30.2, 29.9, 30.1, 30, 60, 60.1, 59.8];
  const flags = values.map((value) => scoreAt(state, value).isAnomaly);
  expect(flags).toEqual([true, false, false, false, false, true, false, false]);
});

test("readings after a gap are judged, and the gap itself is no alarm", () => {
  const state = newSeries("temperature");
  const [before, after] = [room(600), room(760).slice(700)];
  for (const value of before) scoreAt(state, value);
  const afterUs = state.lastTimestampUs + 6 * 3600e6;
  const flags = after.map((value, index) => scoreAt(state, value, afterUs + index * 1_000_000).isAnomaly);
  expect(flags).not.toContain(true);
  expect(scoreAt(state, 60).isAnomaly).toBe(true);
});

test("a type without a model stays silent while a series is cold; then its own history speaks", () => {
  const state = newSeries("co2");
  for (let i = 0; i < 60; i++) {
    const scored = scoreAt(state, i === 30 ? 410 : 400);
    expect(scored).toMatchObject({ isAnomaly: false, score: 0, modelVersion: "none", explanation: null });
    expect(scored.confidence).toBeLessThan(0.2);
  }
  for (let i = 0; i < 200; i++) {
    const isAnomaly = i === 150;
    expect(scoreAt(state, isAnomaly ? 1e6 : 400)).toMatchObject({ isAnomaly, modelVersion: "none" });
  }
});

test("a constant series is silent", () => {
  const state = newSeries("temperature");
  const flags = Array.from({ length: 2000 }, () => scoreAt(state, 21.5).isAnomaly);
  expect(flags).not.toContain(true);
});

test("a sensor that was stuck and jumps is an anomaly", () => {
  const state = newSeries("temperature");
  for (let i = 0; i < 300; i++) scoreAt(state, 21.5);
  expect(scoreAt(state, 26).isAnomaly).toBe(true);
});

test("an ordinary day is called anomalous at most three times in a thousand readings", () => {
  const state = newSeries("temperature");
  const flagged = room(5000, 9).filter((value) => scoreAt(state, value).isAnomaly);
  expect(flagged.length).toBeLessThanOrEqual(15);
});

test("finite readings get finite verdicts, and an explanation exactly when they are anomalies", () => {
  const anyValue = fc.double({ noNaN: true, noDefaultInfinity: true });
  const nearby = fc.double({ min: 15, max: 35, noNaN: true });
  const types = fc.constantFrom("temperature", "humidity", "vibration", "x");
  const values = fc.array(fc.oneof(anyValue, nearby), { minLength: 1, maxLength: 150 });
  fc.assert(
    fc.property(values, types, (all, type) => {
      const state = newSeries(type);
      for (const value of all) {
        const { score, confidence, isAnomaly, explanation } = scoreAt(state, value);
        expect(score >= 0 && score <= 1 && confidence >= 0 && confidence <= 1).toBe(true);
        expect(explanation !== null).toBe(isAnomaly);
        const { low, high } = explanation?.expected ?? { low: 0, high: 0 };
        expect(Number.isFinite(low) && Number.isFinite(high) && low <= high).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test("what a model would have flagged is what it flags, and asking teaches nothing", () => {
  const factory = models.get("temperature");
  if (factory === undefined) throw new Error("the factory knows temperature");
  const random = seededRandom(9);
  const state = newSeries("temperature");
  const strict = { ...factory, limit: 0.5 };
  const told = { would: 0, did: 0, otherwise: 0 };
  for (const [place, ordinary] of room(3000).entries()) {
    const value = random() < 0.02 ? ordinary + 2 * normalNumber(random) : ordinary;
    const reading = { deviceId: "d1", sensorType: "temperature", timestampUs: (place + 1) * 1e6, value };
    const seen = observe(state, value, reading.timestampUs);
    const before = place % 100 === 0 ? serialiseSeries(state) : undefined;
    const would = judgeReading(usualManner, { reading, state, model: strict, seen }).isAnomaly;
    const wouldUsually = judgeReading(usualManner, { reading, state, model: factory, seen }).isAnomaly;
    if (before !== undefined) {
      expect(Buffer.compare(serialiseSeries(state), before)).toBe(0);
    }
    if (before !== undefined || would || wouldUsually) {
      expect(scoreReading(reading, structuredClone(state), strict).isAnomaly).toBe(would);
    }
    const scored = scoreReading(reading, state, factory);
    expect(scored.isAnomaly).toBe(wouldUsually);
    told.would += Number(would);
    told.did += Number(scored.isAnomaly);
    told.otherwise += Number(would !== scored.isAnomaly);
  }
  expect(told.did).toBeGreaterThan(0);
  expect(told.otherwise).toBeGreaterThan(0);
});

test("a fault among late readings is told once, as among those in time, and another one after it again", () => {
  const state = warmRoom();
  const firstUs = state.lastTimestampUs - 400e6;
  const late = (place: number, value: number) => scoreAt(state, value, firstUs + place * 1e6);
  const usual = room(600).slice(200);
  const told = usual
    .slice(0, 300)
    .map((value, place) => late(place, value + ((place >= 50 && place < 80) || place === 200 ? 8 : 0)))
    .flatMap(({ isAnomaly }, place) => (isAnomaly ? [place] : []));
  expect(told).toEqual([50, 200]);
});
