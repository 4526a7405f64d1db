import { describe, expect, test } from "vitest";
import { medianIntervalUs, mergePoints, type Point, pointLimit, toLine, toMarks } from "./history.ts";

const second = 1_000_000;

function point(atSeconds: number, value = atSeconds, isAnomaly = 0): Point {
  return [atSeconds * second, value, 0, isAnomaly];
}

function span(from: number, to: number): Point[] {
  return Array.from({ length: to - from }, (_, at) => point(from + at));
}

describe("merging stored and live points", () => {
  test("points that came live while the history was fetched appear once and in order", () => {
    const stored = span(0, 10);
    const live = span(8, 13);
    expect(mergePoints(live, stored)).toEqual(span(0, 13));
    expect(mergePoints(stored, live)).toEqual(span(0, 13));
  });

  test("a merge that is repeated changes nothing", () => {
    const once = mergePoints(span(0, 20), span(15, 30));
    expect(mergePoints(once, span(15, 30))).toEqual(once);
    expect(mergePoints(mergePoints([], once), once)).toEqual(once);
  });

  test("a hole left by a lost connection is filled when the history is fetched again", () => {
    const withHole = mergePoints(span(0, 10), span(20, 25));
    expect(mergePoints(withHole, span(5, 22))).toEqual(span(0, 25));
  });

  test("only the newest points stay", () => {
    const merged = mergePoints(span(0, pointLimit), span(pointLimit, pointLimit + 7));
    expect(merged).toHaveLength(pointLimit);
    expect(merged[0]).toEqual(point(7));
    expect(mergePoints(span(0, 9), [], 4)).toEqual(span(5, 9));
  });

  test("an old point does not push out a newer one", () => {
    const full = span(100, 100 + pointLimit);
    expect(mergePoints(full, [point(3)])).toEqual(full);
  });

  test("a batch that is out of order or repeats itself is put right", () => {
    expect(mergePoints([], [point(3), point(1), point(3), point(2)])).toEqual(span(1, 4));
  });

  test("points one microsecond apart stay two points", () => {
    const twins: Point[] = [
      [1_763_838_008_000_001, 1, 0, 0],
      [1_763_838_008_000_002, 2, 0, 0],
    ];
    expect(mergePoints(twins.slice(0, 1), twins.slice(1))).toEqual(twins);
  });

  test("the arguments are left alone", () => {
    const stored = Object.freeze(span(0, 3));
    mergePoints(stored, Object.freeze(span(2, 5)));
    expect(stored).toEqual(span(0, 3));
  });
});

describe("drawing", () => {
  test("the usual interval is the median, so one long silence does not change it", () => {
    expect(medianIntervalUs([...span(0, 10), point(500)])).toBe(second);
    expect(medianIntervalUs(span(0, 3))).toBeUndefined();
  });

  test("a silence of more than five usual intervals is a hole in the line", () => {
    const line = toLine([...span(0, 10), ...span(15, 20)]);
    expect(line.filter((spot) => Number.isNaN(spot.y))).toHaveLength(1);
    expect(toLine([...span(0, 10), ...span(14, 20)]).some((spot) => Number.isNaN(spot.y))).toBe(false);
    expect(line.map((spot) => spot.x)).toEqual(line.map((spot) => spot.x).toSorted((a, b) => a - b));
  });

  test("every anomalous reading is a mark at its own place, as severe as its score", () => {
    const anomaly = (atSeconds: number, value: number, score: number): Point => [
      atSeconds * second,
      value,
      score,
      1,
    ];
    expect(toMarks([point(1), anomaly(2, 99, 0.97), point(3), anomaly(4, -7, 0.6)])).toEqual([
      { x: 2000, y: 99, severity: "critical" },
      { x: 4000, y: -7, severity: "minor" },
    ]);
  });
});
