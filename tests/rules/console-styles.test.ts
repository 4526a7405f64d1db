import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

function textOf(folder: string, names: RegExp): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => names.test(file));
  return files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
}

const styles = textOf("web/client", /\.css$/);
const scripts = textOf("web/client", /(?<!\.test)\.ts$|\.html$/);
const lookers = textOf("tests", /\.ts$/) + textOf("bench", /\.ts$/);

const styled = new Set([...styles.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = ""]) => name));
const given = new Set(
  [...scripts.matchAll(/class(?:: |=)["`]([^"`]*)["`]/g)].flatMap(([, names = ""]) =>
    names.split(/\s+|\$\{[^}]*\}/).filter((name) => /^[a-z][\w-]*\w$/.test(name)),
  ),
);

test("every class that the console gives has a style, or is looked for", () => {
  expect(given.size).toBeGreaterThan(100);
  expect([...given].filter((name) => !styled.has(name) && !lookers.includes(`.${name}`))).toEqual([]);
});

test("every class that has a style is given by something", () => {
  const isNamed = (name: string): boolean => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(scripts);
  expect([...styled].filter((name) => !isNamed(name))).toEqual([]);
});
