import fc from "fast-check";
import { expect, test } from "vitest";
import { covers } from "../schema/access.ts";
import { RetainedTree } from "./retained-tree.ts";

async function found(tree: RetainedTree<string>, ...filters: string[]): Promise<string[]> {
  const values: string[] = [];
  for await (const value of tree.matching(filters)) values.push(value);
  return values.sort();
}

test("a topic that was taken out is found no more, and its neighbours are", async () => {
  const tree = new RetainedTree<string>();
  for (const topic of ["a", "a/b", "a/b/c", "a/d"]) tree.set(topic, topic);
  tree.delete("a/b");
  tree.delete("a/b/nothing");
  expect(await found(tree, "#")).toEqual(["a", "a/b/c", "a/d"]);
  tree.delete("a/b/c");
  tree.delete("a");
  expect(await found(tree, "#")).toEqual(["a/d"]);
});

test("names that every object has are names like others", async () => {
  const tree = new RetainedTree<string>();
  expect(await found(tree, "__proto__", "constructor/#")).toEqual([]);
  tree.set("__proto__/constructor", "x");
  expect(await found(tree, "+/constructor")).toEqual(["x"]);
});

test("others have their turn during a long search", async () => {
  const tree = new RetainedTree<string>();
  for (let place = 0; place < 20_000; place += 1) tree.set(`devices/d${place}/status`, "online");
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 0);
  expect(await found(tree, "+/+/nothing")).toEqual([]);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(2);
});

test("a filter finds what MQTT says it matches", async () => {
  const level = fc.constantFrom("a", "b", "", "$x");
  const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  const filter = fc
    .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen || levels.length === 0 ? ["#"] : [])].join("/"));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(topic), filter, async (topics, asked) => {
      const tree = new RetainedTree<string>();
      for (const name of topics) tree.set(name, name);
      expect(await found(tree, asked)).toEqual(topics.filter((name) => covers(asked, name)).sort());
    }),
  );
});
