import { expect, test } from "vitest";
import { Flapping } from "./flapping.ts";

function failTimes(flapping: Flapping, times: number, nowMs: number): number[] {
  return Array.from({ length: times }, () => flapping.fail("a", nowMs)).filter((ms) => ms > 0);
}

test("as many failures as a minute may have are borne, and one more shuts out for 5 s", () => {
  const flapping = new Flapping(60);
  expect(failTimes(flapping, 60, 0)).toEqual([]);
  expect(flapping.waitMs("a", 0)).toBe(0);
  expect(flapping.fail("a", 0)).toBe(5000);
  expect(flapping.waitMs("a", 1000)).toBe(4000);
  expect(flapping.waitMs("a", 5000)).toBe(0);
  expect(flapping.waitMs("b", 0)).toBe(0);
});

test("failures that end while it is shut out do not make it longer", () => {
  const flapping = new Flapping(60);
  expect(failTimes(flapping, 500, 0)).toEqual([5000]);
});

test("each time it is twice as long, up to 5 minutes, and after 10 calm ones it begins anew", () => {
  const flapping = new Flapping(60);
  let nowMs = 0;
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const [shutOutForMs = 0] = failTimes(flapping, 400, nowMs);
    times.push(shutOutForMs);
    nowMs += shutOutForMs;
  }
  expect(times).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000));
  expect(failTimes(flapping, 400, nowMs + 600_001)).toEqual([5000]);
});

test("a failure now and then is borne for ever", () => {
  const flapping = new Flapping(60);
  for (let second = 0; second < 10_000; second += 1) expect(flapping.fail("a", second * 1000)).toBe(0);
});
