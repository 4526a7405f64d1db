import fc from "fast-check";
import { expect, test } from "vitest";
import { normalNumber, seededRandom } from "./random.ts";
import { learnStance, newStateHead, type Stance, type StateHead, stanceOf } from "./state-head.ts";

const logTarget = Math.log(1e-4);
const noise = 0.1;

function feed(head: StateHead, values: Iterable<number>): Stance[] {
  return [...values].map((value) => {
    const stance = stanceOf(head, { value, noise, logTarget });
    learnStance(head, stance);
    return stance;
  });
}

function normal(count: number, { level = 20, spread = 0.2, seed = 1 } = {}): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => level + spread * normalNumber(random));
}

function settled(): StateHead {
  const head = newStateHead();
  feed(head, normal(2000));
  return head;
}

const firstBeyond = (stances: readonly Stance[]) => stances.findIndex(({ strain }) => strain > 1);

test("a drift whose single readings are ordinary is seen", () => {
  const drift = normal(60, { seed: 2 }).map((value, index) => value + 0.012 * index);
  const at = firstBeyond(feed(settled(), drift));
  expect(at).toBeGreaterThan(5);
  expect(drift[at]).toBeLessThan(20.8);
});

test("unrest around the same level is seen, calm is not", () => {
  const restless = feed(settled(), normal(40, { spread: 1.2, seed: 3 }));
  expect(firstBeyond(restless)).toBeGreaterThanOrEqual(0);
  expect(firstBeyond(feed(settled(), Array(200).fill(20)))).toBe(-1);
});

test("one reading, however far out, is not", () => {
  expect(firstBeyond(feed(settled(), [1e9]))).toBe(-1);
});

test("while the series is away its baseline stands still; what lasts is the new usual", () => {
  const head = settled();
  const { mean, variance } = head;
  feed(head, normal(200, { level: 25 }));
  expect(head.away).toBeGreaterThan(190);
  // A few readings taught before it was away.
  expect(Math.abs(head.mean - mean)).toBeLessThan(0.02);
  expect(head.variance / variance).toBeLessThan(1.3);
  feed(head, normal(200, { level: 25, seed: 4 }));
  expect(head.away).toBe(0);
  expect(Math.abs(head.mean - 25)).toBeLessThan(0.2);
});

test("it says nothing before it knows where the series uses to be", () => {
  const stances = feed(newStateHead(), [...normal(150), ...normal(40, { level: 60 })]);
  expect(firstBeyond(stances)).toBe(-1);
});

test("finite values keep it finite, and further away is never less strange", () => {
  const extreme = fc.double({ noNaN: true, min: -1e100, max: 1e100 });
  const values = fc.array(fc.oneof(extreme, fc.constant(20)), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 50, noNaN: true }), (all, far) => {
      const head = settled();
      const stances = feed(head, all);
      const numbers = [
        ...stances.flatMap((stance) => Object.values(stance)),
        head.mean,
        head.variance,
        head.roughMean,
      ];
      expect(numbers.every(Number.isFinite)).toBe(true);
      const strainAt = (distance: number) => {
        const fresh = settled();
        return stanceOf(fresh, { value: fresh.mean + distance, noise, logTarget }).strain;
      };
      expect(strainAt(far * 1.5)).toBeGreaterThanOrEqual(strainAt(far));
    }),
    { numRuns: 20 },
  );
});
