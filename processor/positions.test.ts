import { expect, test } from "vitest";
import { FramePositions } from "./positions.ts";

function frame(sequence: number, { origin = "a", receivedUs = 1 } = {}) {
  return { origin, sequence, receivedUs, readings: [], rejections: [] };
}

test("a frame is admitted once, also by who takes over", () => {
  const first = new FramePositions({});
  expect([1, 2, 3].map((sequence) => first.admit(frame(sequence)))).toEqual([true, true, true]);
  expect(first.admit(frame(2))).toBe(false);
  const second = new FramePositions(JSON.parse(JSON.stringify(first.snapshot())));
  expect([3, 4].map((sequence) => second.admit(frame(sequence)))).toEqual([false, true]);
});

test("origins are told apart", () => {
  const positions = new FramePositions({});
  expect(["a", "b", "a"].map((origin) => positions.admit(frame(1, { origin })))).toEqual([true, true, false]);
});

test("a frame that was overtaken is admitted once when it comes", () => {
  const positions = new FramePositions({});
  expect([1, 4, 3, 2, 3, 5].map((sequence) => positions.admit(frame(sequence)))).toEqual([
    true,
    true,
    true,
    true,
    false,
    true,
  ]);
  expect(positions.snapshot()).toEqual({ a: { last: 5, missing: [], receivedUs: 1 } });
});

test("an origin that fell silent a day ago is forgotten", () => {
  const positions = new FramePositions({});
  positions.admit(frame(1, { origin: "old" }));
  positions.admit(frame(1, { origin: "new", receivedUs: 25 * 3600e6 }));
  expect(Object.keys(positions.snapshot())).toEqual(["new"]);
});
