import { describe, expect, test } from "vitest";
import { isInView, parsePins, usualView } from "./pins.ts";

test("pins are read as they were written, and anything else is none", () => {
  expect(parsePins('["press-1","oven-2"]')).toEqual(["press-1", "oven-2"]);
  for (const text of [undefined, "", "{", '{"a":1}', "[1,null]"]) expect(parsePins(text)).toEqual([]);
});

describe("while nobody has chosen a view", () => {
  test("pinned devices are shown, if there are any", () => {
    expect(usualView({ devices: 10_000, pinned: 1 })).toBe("pinned");
  });

  test("else a small fleet as a whole, and of a large one what has alarms", () => {
    expect(usualView({ devices: 12, pinned: 0 })).toBe("all");
    expect(usualView({ devices: 13, pinned: 0 })).toBe("alarms");
  });
});

test("a view has the devices that are pinned, those with alarms, or all", () => {
  const of = { isPinned: (id: string) => id === "a", hasAlarm: (id: string) => id === "b" };
  const shown = (view: Parameters<typeof isInView>[0]) =>
    ["a", "b", "c"].filter((id) => isInView(view, id, of));
  expect([shown("pinned"), shown("alarms"), shown("all")]).toEqual([["a"], ["b"], ["a", "b", "c"]]);
});
