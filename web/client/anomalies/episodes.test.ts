import { describe, expect, test } from "vitest";
import type { AnomalyEvent } from "../../../schema/event.ts";
import { episodeGapUs, groupEpisodes, isOverlapping } from "./episodes.ts";

const second = 1_000_000;
const gap = episodeGapUs(second);

function anomaly(atSeconds: number, more: Partial<AnomalyEvent> = {}): AnomalyEvent {
  return {
    kind: "anomaly",
    deviceId: "oven-1",
    sensorType: "temperature",
    timestampUs: atSeconds * second,
    value: 40,
    score: 0.8,
    confidence: 1,
    modelVersion: "1",
    severity: "major",
    sentence: "",
    expected: { low: 20, high: 25 },
    ...{ shares: {}, sensors: ["temperature"], learning: null },
    ...more,
  };
}

function seconds(anomalies: readonly AnomalyEvent[], gapUs = gap): number[][] {
  return groupEpisodes(anomalies, gapUs).map(({ readings }) =>
    readings.map(({ timestampUs }) => timestampUs / second),
  );
}

describe("grouping anomalies", () => {
  test("ten readings of one fault are one episode", () => {
    const [episode, ...others] = groupEpisodes(
      Array.from({ length: 10 }, (_, at) => anomaly(at)),
      gap,
    );
    expect(others).toEqual([]);
    expect(episode?.readings).toHaveLength(10);
    expect([episode?.first.timestampUs, episode?.last.timestampUs]).toEqual([0, 9 * second]);
  });

  test("a pause as long as the gap keeps the episode open, one microsecond more ends it", () => {
    expect(seconds([anomaly(0), anomaly(60)])).toEqual([[0, 60]]);
    expect(seconds([anomaly(0), anomaly(60.000001)])).toEqual([[0], [60.000001]]);
  });

  test("the gap is 60 s, or ten times the cadence where that is longer", () => {
    expect(episodeGapUs(undefined)).toBe(60 * second);
    expect(episodeGapUs(6 * second)).toBe(60 * second);
    expect(episodeGapUs(30 * second)).toBe(300 * second);
    expect(seconds([anomaly(0), anomaly(300), anomaly(601)], episodeGapUs(30 * second))).toEqual([
      [0, 300],
      [601],
    ]);
  });

  test("anomalies that arrive out of order give the episodes they give in order", () => {
    expect(seconds([anomaly(200), anomaly(5), anomaly(0), anomaly(203), anomaly(10)])).toEqual([
      [0, 5, 10],
      [200, 203],
    ]);
  });

  test("a late anomaly between two episodes joins them", () => {
    expect(seconds([anomaly(0), anomaly(100)])).toHaveLength(2);
    expect(seconds([anomaly(0), anomaly(100), anomaly(50)])).toEqual([[0, 50, 100]]);
  });

  test("an anomaly that comes twice counts once", () => {
    expect(seconds([anomaly(1), anomaly(2), anomaly(1), anomaly(2)])).toEqual([[1, 2]]);
  });

  test("no anomalies are no episodes", () => {
    expect(groupEpisodes([], gap)).toEqual([]);
  });

  test("the arguments are left alone", () => {
    const anomalies = Object.freeze([anomaly(2), anomaly(1)]);
    groupEpisodes(anomalies, gap);
    expect(anomalies.map(({ timestampUs }) => timestampUs)).toEqual([2 * second, second]);
  });
});

describe("the worst reading", () => {
  const worst = (...anomalies: AnomalyEvent[]): number | undefined =>
    groupEpisodes(anomalies, gap)[0]?.worst.value;

  test("is the one with the highest score", () => {
    expect(worst(anomaly(0, { value: 90, score: 0.7 }), anomaly(1, { value: 30, score: 0.9 }))).toBe(30);
  });

  test("is the one furthest from the expected band, above or below, when scores are equal", () => {
    expect(worst(anomaly(0, { value: 41 }), anomaly(1, { value: 47 }), anomaly(2, { value: 44 }))).toBe(47);
    expect(worst(anomaly(0, { value: 41 }), anomaly(1, { value: -10 }))).toBe(-10);
    expect(worst(anomaly(0, { value: 41 }), anomaly(1, { value: 500, expected: null }))).toBe(41);
  });

  test("stays the oldest of several that are equally bad", () => {
    const same = groupEpisodes([anomaly(3), anomaly(1), anomaly(2)], gap)[0];
    expect(same?.worst.timestampUs).toBe(second);
  });
});

test("episodes overlap when they share a moment", () => {
  const [a, b] = groupEpisodes([anomaly(0), anomaly(50), anomaly(200)], gap);
  const [both] = groupEpisodes([anomaly(40), anomaly(90), anomaly(150), anomaly(210)], gap);
  if (a === undefined || b === undefined || both === undefined) throw new Error("three episodes expected");
  expect([isOverlapping(a, b), isOverlapping(a, both), isOverlapping(both, b)]).toEqual([false, true, true]);
});
