import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Grace, graceMs } from "./grace.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("what was asked for is done once its time is over, and once only", () => {
  const grace = new Grace<number>();
  const work = vi.fn();
  grace.begin(1, work);
  vi.advanceTimersByTime(graceMs - 1);
  expect(work).not.toHaveBeenCalled();
  expect(grace.has(1)).toBe(true);
  vi.advanceTimersByTime(graceMs);
  expect(work).toHaveBeenCalledOnce();
  expect(grace.has(1)).toBe(false);
});

test("what is taken back is never done", () => {
  const grace = new Grace<number>();
  const work = vi.fn();
  grace.begin(1, work);
  grace.takeBack(1);
  grace.finish();
  vi.advanceTimersByTime(2 * graceMs);
  expect(work).not.toHaveBeenCalled();
});

test("whoever leaves has it done at once", () => {
  const grace = new Grace<number>();
  const [one, other] = [vi.fn(), vi.fn()];
  grace.begin(1, one);
  grace.begin(2, other);
  grace.finish();
  expect(one).toHaveBeenCalledOnce();
  expect(other).toHaveBeenCalledOnce();
});
