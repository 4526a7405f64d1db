import { expect, test } from "vitest";
import { memoryHere, roomForSeries } from "./series-room.ts";

const mib = 2 ** 20;

test.each([
  [128, 256, 2000],
  [512, 448, 13_421],
  [1024, 704, 40_265],
  [24_576, 4144, 620_756],
  [1_000_000, 100_000, 1_000_000],
])("of %i MB, and a heap of %i, there is room for %i series", (all, heap, series) => {
  expect(roomForSeries({ allBytes: all * mib, heapBytes: heap * mib })).toBe(series);
});

test("a process knows what it may take", () => {
  const { allBytes, heapBytes } = memoryHere();
  expect(allBytes).toBeGreaterThan(heapBytes / 2);
  expect(allBytes).toBeLessThan(2 ** 50);
});
