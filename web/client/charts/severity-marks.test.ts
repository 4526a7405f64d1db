import { expect, test } from "vitest";
import type { Palette } from "../shell/theme.ts";
import { markSets } from "./severity-marks.ts";

const palette: Palette = {
  ...{ line: "", fill: "", fillEnd: "", surface: "white", ink: "", grid: "", text: "", expected: "" },
  ...{ usual: "", usualEdge: "", focus: "", minor: "yellow", anomaly: "orange", critical: "pink" },
};

test("a mark has the shape and the colour of its severity, and the worst lies over the others", () => {
  const marks = (["minor", "critical", "major", "critical"] as const).map((severity, x) => ({
    ...{ x, y: 1, severity },
  }));
  const sets = markSets(marks, palette);
  expect(
    sets.map(({ pointStyle, pointBackgroundColor, data }) => [pointStyle, pointBackgroundColor, data.length]),
  ).toEqual([
    ["circle", "pink", 2],
    ["rectRot", "orange", 1],
    ["triangle", "yellow", 1],
  ]);
});

test("there is no set of a severity that no mark has", () => {
  expect(markSets([], palette)).toEqual([]);
});
