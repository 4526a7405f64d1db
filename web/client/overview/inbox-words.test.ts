import { expect, test } from "vitest";
import { countOf, moreOf } from "./inbox-words.ts";

test("counts what is open, and apart from it what cleared unseen", () => {
  expect(countOf({ open: 3, unseen: 2, isFull: false })).toBe("3 open, 2 cleared unseen");
  expect(countOf({ open: 3, unseen: 0, isFull: false })).toBe("3 open");
  expect(countOf({ open: 0, unseen: 100, isFull: true })).toBe("100+ cleared unseen");
  expect(countOf({ open: 0, unseen: 0, isFull: false })).toBe("");
});

test("says how many are not shown", () => {
  expect(moreOf({ open: 3, unseen: 20, isFull: false })).toBe("");
  expect(moreOf({ open: 3, unseen: 21, isFull: false })).toBe("1 more cleared unseen");
  expect(moreOf({ open: 3, unseen: 100, isFull: true })).toBe("80+ more cleared unseen");
});
