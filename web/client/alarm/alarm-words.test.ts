import { expect, test } from "vitest";
import type { AlarmRecord, AlarmSummary } from "../../../schema/alarm.ts";
import {
  describeInList,
  describeJudgement,
  describeRecord,
  describeRule,
  describeState,
  subjectOf,
} from "./alarm-words.ts";

const minuteUs = 60_000_000;
const alarm: AlarmSummary = {
  ...{ id: 7, deviceId: "oven-1", sensorType: "temperature", rule: "anomaly", severity: "major" },
  ...{ state: "raised", version: 1, raisedUs: 0, lastUs: minuteUs, clearedUs: null, anomalies: 3 },
  peak: { score: 0.9, value: 150, sentence: "Much too hot.", expected: null, shares: {} },
  ...{ acknowledgedBy: null, assignee: null, shelvedUntilUs: null, group: null, members: 0, judgement: null },
};
const record = (change: AlarmRecord["change"], other: Partial<AlarmRecord> = {}): AlarmRecord => ({
  ...{ version: 1, change, from: "raised", to: "raised", by: "operator:ada", atUs: 0, comment: null },
  verdict: null,
  ...other,
});

test("says what an alarm is about, of one device, of a whole one, and of many", () => {
  expect(subjectOf(alarm)).toBe("oven-1, Temperature");
  expect(subjectOf({ ...alarm, sensorType: "" })).toBe("oven-1");
  expect(subjectOf({ ...alarm, deviceId: "", members: 12 })).toBe("12 devices, Temperature");
});

test("tells what happened, and who did it", () => {
  expect(describeRecord(record("raised", { by: "platform" }))).toBe("Raised");
  expect(describeRecord(record("acknowledged", { comment: "on my way" }))).toBe(
    "Acknowledged by ada: on my way",
  );
  expect(describeRecord(record("judged", { verdict: "false-alarm", comment: "cleaning" }))).toBe(
    "Called a false alarm by ada: cleaning",
  );
  expect(describeRecord(record("judged"))).toBe("Judgement taken back by ada");
  expect(describeRecord(record("cleared", { by: "platform" }))).toBe(
    "Cleared: it was quiet for long enough, and nobody had acknowledged it",
  );
});

test("says how it stands", () => {
  expect(describeState(alarm, 4 * 60_000)).toBe("raised, going on for 4 min");
  const taken = {
    ...alarm,
    ...{ state: "acknowledged" as const, acknowledgedBy: "operator:ada", assignee: "ben" },
    shelvedUntilUs: 64 * minuteUs,
  };
  expect(describeState(taken, 4 * 60_000)).toBe(
    "acknowledged, going on for 4 min · acknowledged by ada · assigned to ben · shelved for another 1 h",
  );
  expect(describeState({ ...alarm, state: "cleared", clearedUs: 9 * minuteUs }, 0)).toBe(
    "cleared after 9 min",
  );
});

test("says in a list how it stands, and who has taken it on", () => {
  expect(describeInList(alarm)).toBe("150.0\u202f°C, raised, 3\u202f× in 1 min");
  expect(describeInList({ ...alarm, anomalies: 1 })).toBe("150.0\u202f°C, raised, once");
  const taken = { ...alarm, state: "acknowledged", acknowledgedBy: "operator:ada", assignee: "ben" } as const;
  expect(describeInList(taken)).toBe(
    "150.0\u202f°C, acknowledged by ada, assigned to ben, 3\u202f× in 1 min",
  );
  const judgement = { verdict: "confirmed", by: "operator:ada", atUs: 0, note: null } as const;
  expect(describeInList({ ...taken, state: "cleared", assignee: null, judgement })).toBe(
    "150.0\u202f°C, cleared, acknowledged by ada, 3\u202f× in 1 min, confirmed",
  );
});

test("names what raised it, and what was made of it", () => {
  expect(["anomaly", "silent", "rule-12"].map(describeRule)).toEqual([
    "unusual for this sensor",
    "not heard of",
    "own rule 12",
  ]);
  expect(describeJudgement(alarm)).toBe("not judged");
  const judgement = { verdict: "false-alarm", by: "operator:ada", atUs: 0, note: "cleaning" } as const;
  expect(describeJudgement({ judgement })).toBe("false alarm: cleaning");
});
