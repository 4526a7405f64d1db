import { expect, test } from "vitest";
import type { AlarmSummary } from "../../../schema/alarm.ts";
import { concerned, describeMany } from "./alarm-work.ts";

test("what is over unseen can be acknowledged with what is raised, and not be shelved", () => {
  const alarm = (id: number, state: AlarmSummary["state"], acknowledgedBy: string | null = null) =>
    // Nothing else of it is looked at.
    ({ id, state, acknowledgedBy }) as AlarmSummary;
  const by = "operator:ada";
  const alarms = [
    ...[alarm(1, "raised"), alarm(2, "acknowledged", by), alarm(3, "cleared"), alarm(4, "cleared", by)],
  ];
  const ids = (kind: "acknowledge" | "shelve") => concerned(alarms, kind).map(({ id }) => id);
  expect(ids("acknowledge")).toEqual([1, 3]);
  expect(ids("shelve")).toEqual([1, 2]);
});

test("says how many were changed, how many were not, and why the first was not", () => {
  expect(describeMany("acknowledge", 7, [])).toBe("Acknowledged 7.");
  expect(describeMany("shelve", 1200, ["The alarm has changed.", "Something else."])).toBe(
    "Shelved 1,200. Not shelved: 2. The alarm has changed.",
  );
  expect(describeMany("shelve", 0, ["It is over."])).toBe("Not shelved: 1. It is over.");
});
