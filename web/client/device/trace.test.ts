import { describe, expect, test } from "vitest";
import type { HistorySeries } from "../../../schema/history.ts";
import { dotsOf, emptyTrace, linesOf, since, toPoints, toTrace, withBands, withHeard } from "./trace.ts";

const second = 1_000_000;
const minute = 60 * second;

const raw = (ts: readonly number[], more: Partial<HistorySeries> = {}): HistorySeries => ({
  deviceId: "oven",
  sensorType: "temperature",
  level: "raw",
  stepSeconds: null,
  ts: [...ts],
  mean: ts.map((at) => at / second),
  anomalies: [],
  expected: [],
  anomaliesLeftOff: 0,
  ...more,
});
const minutes = (ts: readonly number[]): HistorySeries => ({
  ...raw(ts),
  level: "1m",
  stepSeconds: 60,
  mean: ts.map(() => 20),
  min: ts.map(() => 18),
  max: ts.map(() => 22),
  n: ts.map(() => 3),
});
const times = (dots: readonly { tsUs: number }[]) => dots.map(({ tsUs }) => tsUs / second);

describe("history and push become one", () => {
  test("with every reading once, whichever of the two had it, and in whatever order", () => {
    const heardBefore = withHeard(emptyTrace, [
      [4 * second, 4, 0, 0],
      [3 * second, 3, 0, 0],
      [6 * second, 6, 0, 0],
    ]);
    const trace = toTrace(raw([1, 2, 3, 4].map((n) => n * second)), 5 * second, heardBefore);
    const all = withHeard(trace, [
      [4 * second, 4, 0, 0],
      [7 * second, 7, 0, 0],
      [6 * second, 6, 0, 0],
    ]);
    expect(times(dotsOf(all))).toEqual([1, 2, 3, 4, 6, 7]);
  });

  test("and after a drop the new answer fills the hole and doubles nothing", () => {
    let trace = toTrace(raw([1, 2, 3].map((n) => n * second)), 3 * second);
    trace = withHeard(trace, [[4 * second, 4, 0, 0]]);
    // 5 to 8 were missed; 9 is heard before the answer comes.
    trace = withHeard(trace, [[9 * second, 9, 0, 0]]);
    trace = toTrace(raw([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n * second)), 8.5 * second, trace);
    trace = withHeard(trace, [
      [9 * second, 9, 0, 0],
      [10 * second, 10, 0, 0],
    ]);
    expect(times(dotsOf(trace))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("a reading that was stored after the answer was read, and pushed before it came, stays", () => {
    const heardBefore = withHeard(emptyTrace, [
      [3 * second, 3, 0, 0],
      [4 * second, 99, 0.9, 1],
    ]);
    const trace = toTrace(raw([1, 2, 3].map((n) => n * second)), 5 * second, heardBefore);
    expect(times(dotsOf(trace))).toEqual([1, 2, 3, 4]);
    expect([...trace.marks.keys()]).toEqual([4 * second]);
    const stepped = toTrace(minutes([0]), 5 * second, heardBefore);
    expect([...stepped.marks.keys()]).toEqual([4 * second]);
  });

  test("a reading that is late still finds its place among single readings", () => {
    const trace = withHeard(toTrace(raw([1 * second, 3 * second]), 4 * second), [[2 * second, 2, 0, 0]]);
    expect(times(dotsOf(trace))).toEqual([1, 2, 3]);
  });

  test("what is pushed goes into the step it belongs to, and is not counted again when the answer had it", () => {
    const trace = withHeard(toTrace(minutes([0, minute]), 90 * second), [
      [80 * second, 99, 0, 0],
      [100 * second, 30, 0, 0],
      [130 * second, 5, 0, 0],
    ]);
    expect(dotsOf(trace)).toEqual([
      { tsUs: 0, mean: 20, min: 18, max: 22, n: 3 },
      { tsUs: minute, mean: 22.5, min: 18, max: 30, n: 4 },
      { tsUs: 2 * minute, mean: 5, min: 5, max: 5, n: 1 },
    ]);
  });
});

describe("anomalies", () => {
  test("are kept each once, from the answer and from the push, however coarse the step", () => {
    const answer = {
      ...minutes([0]),
      anomalies: [[5 * second, 99, 0.95, "critical"]] as HistorySeries["anomalies"],
    };
    const trace = withHeard(toTrace(answer, minute), [
      [5 * second, 99, 0.95, 1],
      [70 * second, 80, 0.7, 1],
    ]);
    expect([...trace.marks.keys()].map((tsUs) => tsUs / second)).toEqual([5, 70]);
  });

  test("are walked along with the readings", () => {
    const { marks } = withHeard(emptyTrace, [[2 * second, 9, 0.8, 1]]);
    const dots = dotsOf(toTrace(raw([1, 2, 3].map((n) => n * second)), 4 * second));
    expect(toPoints(dots, marks).map((point) => point[3])).toEqual([0, 1, 0]);
  });
});

describe("what is usual", () => {
  const answer = raw(
    [1, 2].map((n) => n * second),
    {
      expected: [
        [0, 19, 24],
        [2 * second, 20, 25],
      ],
    },
  );

  test("goes on with the push where the answer ends, each band once", () => {
    const before = withBands(emptyTrace, [
      [2 * second, 20, 25],
      [9 * second, 21, 26],
    ]);
    const trace = withBands(toTrace(answer, 5 * second, before), [[12 * second, 22, 27]]);
    expect(trace.bands.map(([tsUs]) => tsUs / second)).toEqual([0, 2, 9, 12]);
    expect(withBands(trace, [])).toBe(trace);
  });

  test("is let go of with the range, but for the band in force when it begins", () => {
    const trace = toTrace(answer, 5 * second);
    expect(since(trace, 1 * second).bands).toHaveLength(2);
    expect(since(trace, 3 * second).bands).toEqual([[2 * second, 20, 25]]);
  });
});

test("what leaves the range is let go of", () => {
  const trace = withHeard(toTrace(raw([1, 2, 3].map((n) => n * second)), 3 * second), [
    [4 * second, 4, 0.9, 1],
  ]);
  const later = since(trace, 3 * second);
  expect(times(dotsOf(later))).toEqual([3, 4]);
  expect(since(later, 3 * second)).toBe(later);
  expect(since(trace, 5 * second).marks.size).toBe(0);
});

describe("a line", () => {
  test("has a hole where nothing was measured", () => {
    const dots = dotsOf(toTrace(raw([1, 2, 3, 4, 5, 60, 61].map((n) => n * second)), 61 * second));
    expect(linesOf(dots, null).mean.map(({ y }) => y)).toEqual([1, 2, 3, 4, 5, Number.NaN, 60, 61]);
  });

  test("has an envelope only where a dot stands for more than a reading", () => {
    const steps = dotsOf(toTrace(minutes([0, minute, 5 * minute]), 6 * minute));
    expect(linesOf(steps, 60).max.map(({ y }) => y)).toEqual([22, 22, Number.NaN, 22]);
    expect(linesOf(steps, null).max).toEqual([]);
  });
});
