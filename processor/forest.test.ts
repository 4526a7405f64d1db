import fc from "fast-check";
import { IsolationForest } from "ml-isolation-forest";
import { expect, test } from "vitest";
import { PlatformError } from "../platform/errors.ts";
import { compileForest, growForest, isolation, paperAveragePath } from "./forest.ts";
import { parseForest, serialiseForest } from "./forest-bytes.ts";
import { normalNumber, seededRandom } from "./random.ts";

function normalRows(count: number, seed: number): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => [normalNumber(random), normalNumber(random), random()]);
}

const rows = normalRows(2000, 1);
const growth = { trees: 25, sampleSize: 256, seed: 42 };

/** Utils.js of the library: Euler's constant lacks its factor 2. */
function libraryAveragePath(size: number): number {
  if (size < 2) return 0;
  if (size === 2) return 1;
  return 2 * Math.log(size - 1) + 0.57721 - (2 * (size - 1)) / size;
}

test("the compiled forest scores exactly as the library does with the library's own path formula", () => {
  const training = normalRows(300, 2);
  const library = new IsolationForest({ nEstimators: 30 });
  library.train(training);
  const options = { features: 3, sampleSize: training.length, averagePath: libraryAveragePath };
  const compiled = compileForest(library.forest, options);
  const probes = [...normalRows(500, 3), [9, 9, 9], [-50, 0, 0.5], [0, 0, 1e300], ...training];
  expect(probes.map((row) => isolation(compiled, row))).toEqual(library.predict(probes));
});

test("the average path follows the paper", () => {
  expect([0, 1, 2].map(paperAveragePath)).toEqual([0, 0, 1]);
  expect(paperAveragePath(256)).toBeCloseTo(10.2448, 4);
});

test("the same rows and seed give the same bytes, another seed gives others", () => {
  const first = serialiseForest(growForest(rows, growth));
  expect(serialiseForest(growForest(rows, growth))).toEqual(first);
  expect(serialiseForest(growForest(rows, { ...growth, seed: 43 }))).not.toEqual(first);
});

test("growing leaves Math.random as it was, even when it fails", () => {
  const original = Math.random;
  growForest(rows, growth);
  expect(Math.random).toBe(original);
  const trap = new Proxy([1], {
    get: () => {
      throw new Error("this row cannot be read");
    },
  });
  expect(() => growForest([[1], trap, [2]], growth)).toThrow("cannot be read");
  expect(Math.random).toBe(original);
});

test("what stands alone is isolated sooner than the crowd", () => {
  const forest = growForest(rows, growth);
  expect(isolation(forest, [8, -8, 3])).toBeGreaterThan(0.65);
  expect(isolation(forest, [0, 0, 0.5])).toBeLessThan(0.5);
  expect(isolation(forest, Float64Array.of(0, 0, 0.5))).toBe(isolation(forest, [0, 0, 0.5]));
});

test("rows that are all alike grow a forest that scores them finitely", () => {
  const forest = growForest(
    Array.from({ length: 300 }, () => [1, 1]),
    growth,
  );
  expect(Number.isFinite(isolation(forest, [1, 1]))).toBe(true);
  expect(Number.isFinite(isolation(forest, [2, 1]))).toBe(true);
});

test("a forest read back from its bytes is the same forest", () => {
  const forest = growForest(rows, growth);
  const copy = parseForest(serialiseForest(forest));
  expect(copy).toEqual(forest);
});

test("any changed byte and any lost tail makes a forest unreadable", () => {
  const bytes = serialiseForest(growForest(normalRows(64, 5), { ...growth, trees: 3 }));
  const unreadable = (broken: Uint8Array) => {
    try {
      parseForest(broken);
      return undefined;
    } catch (error) {
      return error instanceof PlatformError ? [error.code, error.retryable] : error;
    }
  };
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const broken = Uint8Array.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ change;
      expect(unreadable(broken)).toEqual(["MODEL_UNREADABLE", false]);
      expect(unreadable(bytes.subarray(0, at))).toEqual(["MODEL_UNREADABLE", false]);
    }),
  );
});
