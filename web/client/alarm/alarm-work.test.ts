import { expect, test } from "vitest";
import { describeMany } from "./alarm-work.ts";

test("says how many were changed, how many were not, and why the first was not", () => {
  expect(describeMany("acknowledge", 7, [])).toBe("Acknowledged 7.");
  expect(describeMany("shelve", 1200, ["The alarm has changed.", "Something else."])).toBe(
    "Shelved 1,200. Not shelved: 2. The alarm has changed.",
  );
  expect(describeMany("shelve", 0, ["It is over."])).toBe("Not shelved: 1. It is over.");
});
