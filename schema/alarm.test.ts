import { expect, test } from "vitest";
import { type AlarmWish, alarmStates, stepOf } from "./alarm.ts";

const wishes: readonly AlarmWish[] = [
  { kind: "acknowledge" },
  { kind: "comment" },
  { kind: "assign", assignee: "ada" },
  { kind: "shelve", seconds: 60 },
  { kind: "shelve", seconds: 0 },
  { kind: "clear" },
];

test("each wish leads where it should from each state, or nowhere", () => {
  const table = alarmStates.map((state) =>
    wishes.map((wish) => {
      const step = stepOf(state, wish);
      return step === null ? "-" : `${step.change} ${step.to}`;
    }),
  );
  expect(table).toEqual([
    [
      "acknowledged acknowledged",
      ...["commented raised", "assigned raised", "shelved raised", "unshelved raised", "cleared cleared"],
    ],
    [
      "-",
      ...["commented acknowledged", "assigned acknowledged", "shelved acknowledged"],
      ...["unshelved acknowledged", "cleared cleared"],
    ],
    ["-", "commented cleared", "-", "-", "-", "-"],
  ]);
});
