import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settings } from "../../platform/config.ts";
import { rejectionCodes } from "../../schema/rejection.ts";
import { knownVariables } from "./env-names.ts";

const names = Object.keys(settings);
const readme = readFileSync("README.md", "utf8");
const composeOnly = ["POSTGRES_PASSWORD", "PUBLISH_ON", "TIDEMARK_IMAGE"];

test(".env.example names every setting, and none that does not exist", () => {
  expect([...knownVariables()].sort()).toEqual([...names, ...composeOnly].sort());
});

test(".env.example shows the defaults", () => {
  const lines = readFileSync(".env.example", "utf8").split("\n");
  for (const [name, { fallback }] of Object.entries(settings)) {
    if (fallback !== null) expect(lines).toContain(`${name}=${fallback}`);
  }
});

test("the README's table has a row for every setting", () => {
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect(rows.sort()).toEqual([...names].sort());
});

test("the operator's manual explains every rejection code", () => {
  const manual = readFileSync("docs/operations.md", "utf8");
  expect(rejectionCodes.filter((code) => !manual.includes(code))).toEqual([]);
});
