import { expect, test } from "vitest";
import { KeptSets, type LabelledSet } from "./kept-sets.ts";

const line = (y: number, pointRadius = 0): LabelledSet => ({
  label: "mean",
  data: [{ x: 1, y }],
  pointRadius,
});

test("a set that looks as before is the same object with what it shows now", () => {
  const sets = new KeptSets();
  const [first] = sets.renewed([line(1)]);
  const [other, second] = sets.renewed([{ ...line(3), label: "max" }, line(2)]);
  expect(second).toBe(first);
  expect(second?.data).toEqual([{ x: 1, y: 2 }]);
  expect(other).not.toBe(first);
});

test("a set that looks different is a new object", () => {
  const sets = new KeptSets();
  const [first] = sets.renewed([line(1, 1.5)]);
  const [second] = sets.renewed([line(1)]);
  expect(second).not.toBe(first);
  expect(sets.renewed([line(2)])[0]).toBe(second);
});

test("Chart.js finds data that cannot grow, and leaves them their methods", () => {
  const [set] = new KeptSets().renewed([line(1)]);
  expect(Object.isExtensible(set?.data)).toBe(false);
});

test("a set without anything to show stays, behind the others and empty, until it is back", () => {
  const sets = new KeptSets();
  const [mark, mean] = sets.renewed([{ ...line(3), label: "major" }, line(1)]);
  const later = sets.renewed([line(2)]);
  expect(later).toEqual([mean, mark]);
  expect(later.map(({ data }) => data.length)).toEqual([1, 0]);
  expect(sets.renewed([{ ...line(4), label: "major" }, line(2)])).toEqual([mark, mean]);
  expect(mark?.data).toEqual([{ x: 1, y: 4 }]);
});
