import fc from "fast-check";
import { expect, test } from "vitest";
import { leftDiscord, shapeLength } from "./shape.ts";

/** The same by the definition. */
function plainDiscord(values: readonly number[]): number {
  const last = values.length - 1;
  let nearest = Number.POSITIVE_INFINITY;
  for (let end = Math.max(last - 500, shapeLength - 1); end <= last - shapeLength; end++) {
    let distance = 0;
    for (let back = 0; back < shapeLength; back++) {
      distance += ((values[last - back] ?? 0) - (values[end - back] ?? 0)) ** 2;
    }
    nearest = Math.min(nearest, distance);
  }
  return Math.sqrt(nearest);
}

test("the left discord is the distance from the nearest of the earlier shapes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 65, maxLength: 700 }), (values) => {
      const recent = new Float32Array(512);
      for (const [index, value] of values.slice(0, -1).entries()) recent[index & 511] = value;
      const found = leftDiscord(recent, values.length - 1, values.at(-1) ?? 0);
      expect(found).toBeCloseTo(plainDiscord(values), 9);
    }),
    { numRuns: 50 },
  );
});

test("there is none while there is little to compare with", () => {
  expect(leftDiscord(new Float32Array(512), 10, 1)).toBeNaN();
});
