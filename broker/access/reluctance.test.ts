import { expect, test } from "vitest";
import { Reluctance } from "./reluctance.ts";

test("waits longer with each wrong guess of an address, up to a limit, and forgets after a quiet minute", () => {
  const reluctance = new Reluctance();
  const delays = Array.from({ length: 8 }, (_, second) => reluctance.delayMs("a", second * 1000));
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(reluctance.delayMs("b", 8000)).toBe(250);
  expect(reluctance.delayMs("a", 7000 + 60_001)).toBe(250);
});
