import { expect, test } from "vitest";
import { describeShares } from "./why.ts";

test("what weighs most comes first, in the words of an operator", () => {
  expect(describeShares({ level: 0.214, jump: 0.62, weekly: 0.1 })).toBe(
    "jump 62\u202f%, level 21\u202f%, hour of week 10\u202f%",
  );
  expect(describeShares({})).toBe("");
});
