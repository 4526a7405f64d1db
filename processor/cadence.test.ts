import { expect, test } from "vitest";
import { allowanceUs, type Cadence, learnArrival, newCadence, usualGapUs } from "./cadence.ts";
import { seededRandom } from "./random.ts";

const second = 1e6;
const startUs = 1e15;

/** A cadence that heard messages with these seconds between them. */
function heard(gapsSeconds: Iterable<number>, { cadence = newCadence(), intervalUs = 0 } = {}): Cadence {
  let atUs = cadence.heardUs > 0 ? cadence.heardUs : startUs;
  learnArrival(cadence, atUs, intervalUs);
  for (const gap of gapsSeconds) {
    atUs += gap * second;
    learnArrival(cadence, atUs, intervalUs);
  }
  return cadence;
}

const every = (seconds: number, count: number) => Array.from({ length: count }, () => seconds);
const allowedSeconds = (cadence: Cadence, intervalUs = 0) =>
  allowanceUs(usualGapUs(cadence, intervalUs) ?? Number.POSITIVE_INFINITY) / second;

test("a series is not missed before its rhythm is known", () => {
  expect(usualGapUs(heard(every(1, 19)), 0)).toBeNull();
  expect(usualGapUs(heard(every(1, 20)), 0)).toBe(second);
});

test("it may say nothing for five usual gaps, and for ten seconds at least", () => {
  expect(allowedSeconds(heard(every(1, 100)))).toBe(10);
  expect(allowedSeconds(heard(every(60, 100)))).toBeCloseTo(300);
});

test("readings that come in bundles wait for the next bundle", () => {
  const bundles = Array.from({ length: 600 }, (_, index) => (index % 10 === 0 ? 20 : 0.004));
  expect(allowedSeconds(heard(bundles))).toBeGreaterThan(40);
});

test("what comes at any time is hardly ever missed while it goes on", () => {
  const random = seededRandom(3);
  const gaps = Array.from({ length: 20_000 }, () => -30 * Math.log(1 - random()));
  const cadence = heard(gaps.slice(0, 500));
  let missed = 0;
  for (const gap of gaps.slice(500)) {
    if (gap > allowedSeconds(cadence)) missed += 1;
    heard([gap], { cadence });
  }
  expect(missed).toBeLessThanOrEqual(1);
});

test("a device that first tells its past is given the time of its timestamps", () => {
  const cadence = heard(every(0.005, 300));
  expect(allowedSeconds(cadence)).toBe(10);
  expect(allowedSeconds(cadence, 60 * second)).toBe(300);
});

test("a drop-out does not excuse the next one, a new rhythm does", () => {
  const cadence = heard([...every(1, 200), 15, ...every(1, 200), 15]);
  expect(allowedSeconds(cadence)).toBe(10);
  expect(allowedSeconds(heard([...every(1, 200), ...every(30, 4)]))).toBeGreaterThan(100);
});

test("what came with the last message, or before it by another clock, is none of its own", () => {
  const cadence = heard(every(1, 50));
  const before = structuredClone(cadence);
  learnArrival(cadence, cadence.heardUs, 0);
  learnArrival(cadence, cadence.heardUs - 3 * second, 0);
  expect(cadence).toEqual(before);
});
