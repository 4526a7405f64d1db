import { describe, expect, test } from "vitest";
import { isOpen, spanOf } from "./range.ts";
import { queryOf, shownOf, withSensor } from "./shown.ts";

const nowMs = Date.UTC(2026, 10, 29, 12);
const read = (search: string) => shownOf(new URLSearchParams(search));
const fixed = "from=2026-11-29T10:00:00.000Z&to=2026-11-29T11:00:00.000Z";

describe("an address that says live", () => {
  test("follows now", () => {
    expect(isOpen(read("from=now-1h&live=1").range)).toBe(true);
    expect(isOpen(read("live=1").range)).toBe(true);
  });

  test("and names a range that is over shows as long a one, until now", () => {
    const { range } = read(`${fixed}&live=1`);
    expect(spanOf(range, nowMs)).toEqual({ fromMs: nowMs - 3_600_000, toMs: nowMs });
  });

  test("while one that does not, with such a range, stays where it is", () => {
    expect(isOpen(read(fixed).range)).toBe(false);
    expect(isOpen(read(`${fixed}&live=0`).range)).toBe(false);
  });
});

test.each(["from=now-6h&live=1&s=humidity,temperature", "from=now-15m&live=1", `${fixed}&s=temperature`])(
  "what is shown by %s is written as it was read",
  (search) => {
    const written = Object.entries(queryOf(read(search))).filter(([, value]) => value !== undefined);
    const kept = written.filter((pair): pair is [string, string] => pair[1] !== "");
    expect(new URLSearchParams(kept).toString()).toBe(new URLSearchParams(search).toString());
  },
);

describe("of three sensors", () => {
  const all = ["humidity", "pressure", "temperature"];
  const shownAfter = (sensors: readonly string[], type: string, isOn: boolean) =>
    withSensor(all, { sensors }, { type, isOn });

  test("one is taken off, and put on again: then all are shown, those to come as well", () => {
    expect(shownAfter([], "pressure", false)).toEqual(["humidity", "temperature"]);
    expect(shownAfter(["humidity", "temperature"], "pressure", true)).toEqual([]);
  });

  test("a name that an address made up is let go of", () => {
    expect(shownAfter(["temperature", "no-such"], "humidity", true)).toEqual(["humidity", "temperature"]);
  });
});
