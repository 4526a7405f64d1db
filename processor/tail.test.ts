import fc from "fast-check";
import { expect, test } from "vitest";
import { normalNumber, seededRandom } from "./random.ts";
import { learnTail, logRarity, newTail } from "./tail.ts";

const target = Math.log(1e-3);

function rateBeyondTarget(next: () => number): number {
  const tail = newTail();
  let beyond = 0;
  const [before, count] = [5000, 60_000];
  for (let i = 0; i < before + count; i++) {
    const surprise = next();
    if (i >= before && logRarity(tail, surprise) < target) beyond += 1;
    learnTail(tail, surprise);
  }
  return beyond / count;
}

test.each([
  ["normal", (random: () => number) => 1 + 0.4 * Math.abs(normalNumber(random))],
  ["exponential", (random: () => number) => 0.5 - 0.3 * Math.log(1 - random())],
  ["heavy", (random: () => number) => (1 - random()) ** -0.25],
])("about one reading in a thousand of a %s series is rarer than the target", (_name, draw) => {
  const random = seededRandom(11);
  const rate = rateBeyondTarget(() => draw(random));
  expect(rate).toBeGreaterThan(0.0001);
  expect(rate).toBeLessThan(0.002);
});

test("a bigger surprise is never less rare, whatever the tail has learnt", () => {
  const surprises = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(surprises, fc.double({ min: 0, max: 1e6, noNaN: true }), (all, one) => {
      const tail = newTail();
      for (const surprise of all) learnTail(tail, surprise);
      const [small, large] = [logRarity(tail, one), logRarity(tail, one * 1.01 + 0.001)];
      expect(Number.isFinite(small) && Number.isFinite(large)).toBe(true);
      expect(large).toBeLessThanOrEqual(small);
    }),
  );
});

test("one wonder does not make the next one usual", () => {
  const random = seededRandom(2);
  const tail = newTail();
  for (let i = 0; i < 3000; i++) learnTail(tail, 1 + 0.4 * Math.abs(normalNumber(random)));
  for (let i = 0; i < 30; i++) learnTail(tail, 500);
  expect(logRarity(tail, 50)).toBeLessThan(target);
});
