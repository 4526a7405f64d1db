import { describe, expect, test } from "vitest";
import { heldOrder } from "./held-rows.ts";

describe("rows that a mouse is over", () => {
  test("stay where they stand, and what is new comes below", () => {
    expect(heldOrder([3, 1], [7, 1, 3, 8])).toEqual([3, 1, 7, 8]);
  });

  test("keep the place of one that is gone", () => {
    expect(heldOrder([3, 1, 2], [3, 2])).toEqual([3, 1, 2]);
  });

  test("are as they should be when none was there", () => {
    expect(heldOrder([], [7, 1])).toEqual([7, 1]);
  });
});
