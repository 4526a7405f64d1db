import { expect, test } from "vitest";
import { becomesStuck, learnRest, newRests, type Rests, stuckAfter } from "./rests.ts";

/** Feeds repeats (true) and changes, and answers at which of them the series became stuck. */
function stuckAt(rests: Rests, isRepeats: readonly boolean[]): number[] {
  return isRepeats.flatMap((isRepeat, index) => {
    const isStuck = isRepeat && becomesStuck(rests);
    learnRest(rests, isRepeat);
    return isStuck ? [index] : [];
  });
}

const changing = Array.from({ length: 500 }, () => false);
const standing = (count: number) => Array.from({ length: count }, () => true);

test("a sensor that always changed is stuck after twenty repeats, and says so once", () => {
  const rests = newRests();
  expect(stuckAt(rests, changing)).toEqual([]);
  expect(stuckAt(rests, standing(500))).toEqual([19]);
});

test("a sensor that is used to standing still is given the longer", () => {
  const rests = newRests();
  const halting = Array.from({ length: 1000 }, (_, index) => index % 20 !== 0);
  expect(stuckAt(rests, halting)).toEqual([]);
  expect(stuckAfter(rests)).toBeGreaterThan(100);
});

test("a series that never stirs, or is hardly known, is never stuck", () => {
  expect(stuckAt(newRests(), standing(5000))).toEqual([]);
  const young = newRests();
  expect(stuckAt(young, [...changing.slice(0, 40), ...standing(15)])).toEqual([]);
});

test("a sensor that got stuck before gets stuck again, until it is usual", () => {
  const rests = newRests();
  stuckAt(rests, Array(1500).fill(false));
  const times = Array.from({ length: 12 }, () => {
    const found = stuckAt(rests, standing(30));
    stuckAt(rests, changing);
    return found.length;
  });
  expect(times.slice(0, 3)).toEqual([1, 1, 1]);
  expect(times.at(-1)).toBe(0);
});

test("once it moves again it may become stuck again", () => {
  const rests = newRests();
  stuckAt(rests, [...changing, ...standing(24)]);
  stuckAt(rests, changing);
  expect(stuckAt(rests, standing(200)).length).toBe(1);
});
