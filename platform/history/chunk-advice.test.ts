import fc from "fast-check";
import { expect, test } from "vitest";
import { adviseChunk } from "./chunk-advice.ts";

/** A thousand series that speak every ten seconds, on a server with 4 GB for its cache. */
const facts = {
  readingsADay: 8_640_000,
  readingsADayOfSeries: 8640,
  bytesAReading: 150,
  cacheBytes: 4 * 2 ** 30,
  currentHours: 24,
};

test("an interval that is not far too short or far too long is left alone", () => {
  expect(adviseChunk({ ...facts, readingsADay: 5_000_000 })).toMatchObject({
    hours: 24,
    reason: "what there is fits",
  });
});

test("a chunk that outgrows the memory is made shorter", () => {
  expect(adviseChunk(facts)).toMatchObject({ hours: 12, reason: expect.stringContaining("memory") });
});

test("slow sensors get long chunks", () => {
  const slow = { ...facts, readingsADay: 24_000, readingsADayOfSeries: 24 };
  expect(adviseChunk(slow)).toMatchObject({ hours: 168, reason: expect.stringContaining("100 readings") });
});

test("where not both can be had, the chunk fits in memory", () => {
  const many = { ...facts, readingsADay: 24_000_000, readingsADayOfSeries: 24 };
  expect(adviseChunk(many)).toMatchObject({ hours: 6, reason: expect.stringContaining("more memory") });
});

test("without readings nothing changes", () => {
  expect(adviseChunk({ ...facts, readingsADay: 0, readingsADayOfSeries: 0 }).hours).toBe(24);
});

test("advice that is taken is given again", () => {
  const amounts = fc.record({
    readingsADay: fc.integer({ min: 1, max: 1e10 }),
    readingsADayOfSeries: fc.integer({ min: 1, max: 1e6 }),
    bytesAReading: fc.integer({ min: 20, max: 500 }),
    cacheBytes: fc.integer({ min: 2 ** 27, max: 2 ** 38 }),
    currentHours: fc.integer({ min: 1, max: 8760 }),
  });
  fc.assert(
    fc.property(amounts, (some) => {
      const { hours } = adviseChunk(some);
      expect(adviseChunk({ ...some, currentHours: hours }).hours).toBe(hours);
    }),
  );
});
