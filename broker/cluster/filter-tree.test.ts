import fc from "fast-check";
import { expect, test } from "vitest";
import { covers } from "../../schema/access.ts";
import { FilterTree } from "./filter-tree.ts";

test("finds who hears a topic, each once and with the highest quality of service", () => {
  const tree = new FilterTree();
  tree.set("a", [
    { filter: "devices/+/telemetry", qos: 1 },
    { filter: "devices/#", qos: 2 },
  ]);
  tree.set("b", [{ filter: "devices/x/telemetry", qos: 1 }]);
  tree.set("c", [{ filter: "devices/x/telemetry", qos: 0 }]);
  tree.set("d", [{ filter: "#", qos: 1 }]);
  expect([...tree.match("devices/x/telemetry")].toSorted()).toEqual([
    ["a", 2],
    ["b", 1],
    ["d", 1],
  ]);
  expect([...tree.match("devices")].toSorted()).toEqual([
    ["a", 2],
    ["d", 1],
  ]);
  expect([...tree.match("$SYS/x")]).toEqual([]);
  expect([tree.has("c"), tree.has("e")]).toEqual([true, false]);
});

test("what is set again replaces what was set, and nothing ends it", () => {
  const tree = new FilterTree();
  tree.set("a", [
    { filter: "x/y", qos: 1 },
    { filter: "x", qos: 1 },
  ]);
  tree.set("a", [{ filter: "x", qos: 2 }]);
  expect([[...tree.match("x/y")], [...tree.match("x")]]).toEqual([[], [["a", 2]]]);
  tree.set("a", []);
  expect([[...tree.match("x")], tree.clientIds]).toEqual([[], []]);
});

test("agrees with the rule of filters whatever the names, and forgets everything", () => {
  const name = fc.constantFrom("a", "b", "", "$s", "__proto__", "constructor");
  const level = fc.oneof(name, fc.constant("+"));
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));
  const topic = fc.array(name, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/"));
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 6 }), topic, (filters, heard) => {
      const tree = new FilterTree();
      for (const [place, own] of filters.entries()) tree.set(`${place}`, [{ filter: own, qos: 1 }]);
      const expected = filters.flatMap((own, place) => (covers(own, heard) ? [`${place}`] : []));
      expect([...tree.match(heard).keys()].toSorted()).toEqual(expected.toSorted());
      for (const place of filters.keys()) tree.set(`${place}`, []);
      expect([...tree.match(heard)]).toEqual([]);
    }),
  );
});
