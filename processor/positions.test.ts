import { expect, test } from "vitest";
import { FramePositions } from "./positions.ts";

const still = () => 1;
const frame = (sequence: number, origin = "a") => ({ origin, sequence });

test("a frame is admitted once, also by who takes over", () => {
  const first = new FramePositions({}, still);
  expect([1, 2, 3].map((sequence) => first.admit(frame(sequence)))).toEqual([true, true, true]);
  expect(first.admit(frame(2))).toBe(false);
  const second = new FramePositions(JSON.parse(JSON.stringify(first.snapshot())), still);
  expect([3, 4].map((sequence) => second.admit(frame(sequence)))).toEqual([false, true]);
});

test("origins are told apart", () => {
  const positions = new FramePositions({}, still);
  expect(["a", "b", "a"].map((origin) => positions.admit(frame(1, origin)))).toEqual([true, true, false]);
});

test("a frame that was overtaken is admitted once when it comes", () => {
  const positions = new FramePositions({}, still);
  const admitted = [1, 4, 3, 2, 3, 5].map((sequence) => positions.admit(frame(sequence)));
  expect(admitted).toEqual([true, true, true, true, false, true]);
  expect(positions.snapshot()).toEqual({ a: { last: 5, missing: [], heardUs: 1 } });
});

test("an origin first heard of in the middle makes no long list of what came before", () => {
  const positions = new FramePositions({}, still);
  expect(positions.admit(frame(10_000_001))).toBe(true);
  expect(positions.snapshot()["a"]?.missing).toHaveLength(1000);
});

test("an origin that fell silent is forgotten, by the clock of this processor alone", () => {
  let now = 0;
  const positions = new FramePositions({ inherited: { last: 7, missing: [], heardUs: -1e15 } }, () => now);
  positions.admit(frame(1, "old"));
  now = 100e6;
  positions.admit(frame(1, "new"));
  expect(Object.keys(positions.snapshot())).toEqual(["inherited", "old", "new"]);
  now = 130e6;
  expect(Object.keys(positions.snapshot())).toEqual(["new"]);
});
