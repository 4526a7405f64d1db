import { describe, expect, test } from "vitest";
import { isSilent } from "./no-readings.ts";

const dot = { tsUs: 1, value: 21 };
const traces = new Map([
  ["humidity", { stored: [], heard: new Map() }],
  // As far as the question goes a dot is a dot.
  ["temperature", { stored: [dot as never], heard: new Map() }],
  ["vibration", { stored: [], heard: new Map([[2, 0.1]]) }],
]);

describe("the charts of a device are empty", () => {
  test("when no sensor has a reading, stored or heard", () => {
    expect(isSilent(new Map(), [])).toBe(true);
    expect(isSilent(traces, [])).toBe(false);
  });

  test("when those that are chosen have none, whatever others have", () => {
    expect(isSilent(traces, ["humidity"])).toBe(true);
    expect(isSilent(traces, ["humidity", "vibration"])).toBe(false);
  });

  test("when the device has no such sensor", () => {
    expect(isSilent(traces, ["pressure"])).toBe(true);
  });
});
