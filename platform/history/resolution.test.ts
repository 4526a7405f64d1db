import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asReadings, inSteps, piecesOf, type Resolution, stepBegin, widened } from "./resolution.ts";

const dayUs = 86_400e6;
const moment = fc.integer({ min: Date.UTC(2000, 0, 1) * 1000, max: Date.UTC(2099, 0, 1) * 1000 });
const wishes = fc
  .tuple(moment, fc.integer({ min: 1, max: 40_000 * dayUs }), fc.integer({ min: 2, max: 10_000 }))
  .map(([fromUs, spanUs, points]) => ({ fromUs, toUs: fromUs + spanUs, points }));
const prospects = fc.record({
  expected: fc.double({ min: 0, max: 1e12, noNaN: true }),
  hasReadings: fc.boolean(),
  hasMinutes: fc.boolean(),
  mostRead: fc.integer({ min: 100, max: 200_000 }),
});
const levelSeconds = { raw: 1, "1m": 60, "1h": 3600 };

describe("whatever is asked of a history", () => {
  test("no series has more points than wanted", () => {
    fc.assert(
      fc.property(wishes, prospects, (wish, prospect) => {
        const { stepSeconds } = inSteps(wish, prospect);
        const { fromUs, toUs } = widened(wish, stepSeconds ?? 0);
        expect((toUs - fromUs) / 1e6 / (stepSeconds ?? 0)).toBeLessThanOrEqual(wish.points);
      }),
    );
  });

  test("the steps are whole steps of the level, and hold the whole range", () => {
    fc.assert(
      fc.property(wishes, prospects, (wish, prospect) => {
        const { level, stepSeconds } = inSteps(wish, prospect);
        expect((stepSeconds ?? 0) % levelSeconds[level]).toBe(0);
        const { fromUs, toUs } = widened(wish, stepSeconds ?? 0);
        expect(fromUs).toBeLessThanOrEqual(wish.fromUs);
        expect(toUs).toBeGreaterThanOrEqual(wish.toUs);
        expect(stepBegin(fromUs, stepSeconds ?? 0)).toBe(fromUs);
        expect(stepBegin(toUs, stepSeconds ?? 0)).toBe(toUs);
      }),
    );
  });

  test("no level is asked for what was removed from it", () => {
    fc.assert(
      fc.property(wishes, prospects, (wish, prospect) => {
        for (const resolution of [asReadings(wish, prospect), inSteps(wish, prospect)]) {
          if (resolution?.level === "raw") expect(prospect.hasReadings).toBe(true);
          if (resolution?.level === "1m") expect(prospect.hasMinutes).toBe(true);
        }
      }),
    );
  });

  test("the pieces lie end to end, and each is rolled up as far as it reaches", () => {
    const ends = fc.tuple(moment, moment).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(
        wishes,
        fc.constantFrom("raw", "1m", "1h"),
        ends,
        (range, level, [hoursUntilUs, minutesUntilUs]) => {
          const pieces = piecesOf(level, range, { hoursUntilUs, minutesUntilUs });
          expect(pieces[0]?.fromUs).toBe(range.fromUs);
          expect(pieces.at(-1)?.toUs).toBe(range.toUs);
          for (const [place, piece] of pieces.entries()) {
            expect(piece.fromUs).toBe(pieces[place - 1]?.toUs ?? range.fromUs);
            expect(levelSeconds[piece.level]).toBeLessThanOrEqual(levelSeconds[level]);
            if (piece.level === "1h") expect(piece.toUs).toBeLessThanOrEqual(hoursUntilUs);
            if (piece.level === "1m") expect(piece.toUs).toBeLessThanOrEqual(minutesUntilUs);
          }
        },
      ),
    );
  });
});

const known = { expected: 0, hasReadings: true, hasMinutes: true, mostRead: 200_000 };
const midnightUs = Date.UTC(2026, 0, 1) * 1000;
const hours = (count: number, points = 1000) => ({
  fromUs: midnightUs,
  toUs: midnightUs + count * 3600e6,
  points,
});

test.each<[string, Resolution, ReturnType<typeof hours> & { expected: number }]>([
  ["a day of a slow sensor", { level: "raw", stepSeconds: null }, { ...hours(24), expected: 288 }],
  [
    "an hour of a sensor that speaks every second, as far as anybody knows,",
    { level: "raw", stepSeconds: null },
    { ...hours(1), expected: 3600 },
  ],
  [
    "an hour of one that speaks a hundred times a second",
    { level: "1m", stepSeconds: 60 },
    { ...hours(1), expected: 360_000 },
  ],
  [
    "a day of a sensor that speaks every second",
    { level: "1m", stepSeconds: 120 },
    { ...hours(24), expected: 86_400 },
  ],
  ["a month", { level: "1h", stepSeconds: 3600 }, { ...hours(24 * 30), expected: 1e6 }],
  ["a year", { level: "1h", stepSeconds: 12 * 3600 }, { ...hours(24 * 365), expected: 1e7 }],
])("%s is drawn from what has it with the least to read", (_, resolution, wish) => {
  const prospect = { ...known, expected: wish.expected };
  expect(asReadings(wish, prospect) ?? inSteps(wish, prospect)).toEqual(resolution);
});

test("what has more readings than points after all is drawn in steps of them", () => {
  expect(inSteps(hours(1), { ...known, expected: 3600 })).toEqual({ level: "raw", stepSeconds: 5 });
});
