import { expect, test } from "vitest";
import { type AlarmWish, stepOf } from "./alarm.ts";

const wishes: readonly AlarmWish[] = [
  { kind: "acknowledge" },
  { kind: "comment" },
  { kind: "assign", assignee: "ada" },
  { kind: "shelve", seconds: 60 },
  { kind: "shelve", seconds: 0 },
  { kind: "clear" },
];

test("each wish leads where it should from each state, or nowhere", () => {
  const standings = [
    { state: "raised", acknowledgedBy: null },
    { state: "acknowledged", acknowledgedBy: "operator:ada" },
    { state: "cleared", acknowledgedBy: "operator:ada" },
    { state: "cleared", acknowledgedBy: null },
  ] as const;
  const table = standings.map((alarm) =>
    wishes.map((wish) => {
      const step = stepOf(alarm, wish);
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
    ["acknowledged cleared", "commented cleared", "-", "-", "-", "-"],
  ]);
});
