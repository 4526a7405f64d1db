import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { at, isMapping } from "./kustomize.ts";

test("package-lock.json holds every platform's packages, without which npm ci refuses it", () => {
  const packages = at(JSON.parse(readFileSync("package-lock.json", "utf8")), "packages");
  const held = isMapping(packages) ? packages : {};
  const named = Object.values(held).flatMap((entry) =>
    Object.entries(at(entry, "optionalDependencies") ?? {}),
  );
  const absent = named
    .map(([name]) => name)
    .filter((name) => !Object.keys(held).some((path) => path.endsWith(`node_modules/${name}`)));
  expect(named.length).toBeGreaterThan(0);
  expect(absent, "run: node scripts/complete-lock.mjs").toEqual([]);
});
