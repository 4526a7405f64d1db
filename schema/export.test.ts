import { expect, test } from "vitest";
import { csvField } from "./export.ts";

test.each([
  ['hall 3, "left"', '"hall 3, ""left"""'],
  ["=1+1", "'=1+1"],
  ["@here", "'@here"],
  ["plain", "plain"],
])("the name %s is written as %s", (name, written) => {
  expect(csvField(name)).toBe(written);
});
