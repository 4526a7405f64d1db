import { describe, expect, test } from "vitest";
import type { Point } from "./history.ts";
import { toStep, walk } from "./walk.ts";

const points: readonly Point[] = [
  [10, 1, 0, 0],
  [20, 9, 0.9, 1],
  [30, 2, 0, 0],
  [40, 8, 0.9, 1],
  [50, 3, 0, 0],
];

describe("walking along a chart", () => {
  test("begins at the newest reading, or the newest anomaly", () => {
    expect(walk(points, undefined, "previous")?.[0]).toBe(50);
    expect(walk(points, undefined, "next")?.[0]).toBe(50);
    expect(walk(points, undefined, "previous-anomaly")?.[0]).toBe(40);
  });

  test("goes from reading to reading and ends at both ends", () => {
    expect(walk(points, 30, "previous")?.[0]).toBe(20);
    expect(walk(points, 30, "next")?.[0]).toBe(40);
    expect(walk(points, 10, "previous")).toBeUndefined();
    expect(walk(points, 50, "next")).toBeUndefined();
    expect([walk(points, 30, "oldest")?.[0], walk(points, 30, "newest")?.[0]]).toEqual([10, 50]);
  });

  test("jumps from anomaly to anomaly", () => {
    expect(walk(points, 50, "previous-anomaly")?.[0]).toBe(40);
    expect(walk(points, 40, "previous-anomaly")?.[0]).toBe(20);
    expect(walk(points, 20, "previous-anomaly")).toBeUndefined();
    expect(walk(points, 10, "next-anomaly")?.[0]).toBe(20);
    expect(walk(points, 40, "next-anomaly")).toBeUndefined();
  });

  test("goes on where it was when its reading has left the chart or a late one came in", () => {
    expect(walk(points, 5, "next")?.[0]).toBe(10);
    expect(walk(points, 5, "previous")).toBeUndefined();
    expect(walk(points, 33, "previous")?.[0]).toBe(30);
  });

  test("finds nothing in an empty chart", () => {
    expect(walk([], undefined, "previous")).toBeUndefined();
    expect(walk([], 10, "oldest")).toBeUndefined();
  });
});

describe("the keys", () => {
  const press = (key: string, ...held: string[]) =>
    toStep({
      key,
      altKey: held.includes("alt"),
      ctrlKey: held.includes("ctrl"),
      metaKey: held.includes("meta"),
    });

  test("arrows step and brackets jump", () => {
    expect([press("ArrowLeft"), press("ArrowRight"), press("["), press("]"), press("x")]).toEqual([
      "previous",
      "next",
      "previous-anomaly",
      "next-anomaly",
      undefined,
    ]);
  });

  test("the browser keeps its own shortcuts", () => {
    expect([press("ArrowLeft", "alt"), press("[", "meta"), press("]", "ctrl")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("brackets behind AltGr work", () => {
    expect([press("[", "alt"), press("]", "alt", "ctrl")]).toEqual(["previous-anomaly", "next-anomaly"]);
  });
});
