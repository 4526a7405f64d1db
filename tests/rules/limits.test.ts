import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { limitNames, limits } from "../../platform/limits.ts";

test("the operator's manual has a row for every limit, with its setting", () => {
  const rows = readFileSync("docs/operations.md", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const missing = limitNames.filter((name) => {
    const setting: string = limits[name].setting ?? "";
    return !rows.some((row) => row.includes(`\`${name}\``) && row.includes(setting));
  });
  expect(missing).toEqual([]);
});
