import { expect, test } from "vitest";
import { RollCall } from "./roll-call.ts";

const rules = { silenceMs: 3000, gapMs: 1500 };

function deadAfter(
  rollCall: RollCall,
  looks: readonly [atMs: number, signs: Record<string, string>][],
): string[] {
  let dead: string[] = [];
  for (const [atMs, signs] of looks) {
    dead = rollCall.look(new Map(Object.entries(signs)), atMs).dead.map(({ id }) => id);
  }
  return dead;
}

test("a broker whose sign stays the same for longer than its allowance is dead, and one that changes it is not", () => {
  const signs = (second: number) => ({ dead: "9", living: `${second}` });
  const looks = [0, 1, 2, 3].map((second) => [second * 1000, signs(second)] as const);
  const rollCall = new RollCall(rules);
  expect(
    deadAfter(
      rollCall,
      looks.map(([atMs, own]) => [atMs, own]),
    ),
  ).toEqual([]);
  const { dead, living } = rollCall.look(new Map(Object.entries(signs(4))), 4000);
  expect([dead, living]).toEqual([[{ id: "dead", sign: "9" }], ["living"]]);
});

test("after a pause in looking nobody is dead before the allowance is over again", () => {
  const rollCall = new RollCall(rules);
  expect(
    deadAfter(rollCall, [
      [0, { a: "1" }],
      [1000, { a: "1" }],
      [60_000, { a: "1" }],
    ]),
  ).toEqual([]);
  expect(
    deadAfter(rollCall, [
      [61_000, { a: "1" }],
      [62_000, { a: "1" }],
      [63_000, { a: "1" }],
    ]),
  ).toEqual([]);
  expect(deadAfter(rollCall, [[63_500, { a: "1" }]])).toEqual(["a"]);
});

test("a broker that is gone from the roll is neither living nor dead, and new when it comes back", () => {
  const rollCall = new RollCall(rules);
  deadAfter(rollCall, [
    [0, { a: "1" }],
    [1000, {}],
    [2000, { a: "1" }],
    [3000, { a: "1" }],
  ]);
  expect(rollCall.look(new Map([["a", "1"]]), 4000)).toEqual({ living: ["a"], dead: [] });
});
