import { expect, test } from "vitest";
import { alarmOfAnomaly, inOrder, questionOf } from "./list-words.ts";

const asked = (text: string) => questionOf(new URLSearchParams(text));

test("shows what is open unless the address says otherwise", () => {
  expect(asked("")).toEqual({ limit: 100, state: "open", fold: true });
  expect(asked("state=cleared&device=oven-1")).toEqual({
    ...{ limit: 100, state: "cleared", device: "oven-1", fold: true },
  });
  expect(asked("state=unseen")).toEqual({ limit: 100, state: "unseen", fold: true });
  expect(asked("state=all")).toEqual({ limit: 100, fold: true });
});

test("finds the alarm of an anomaly, also within an alarm of many devices", () => {
  const address = alarmOfAnomaly({ deviceId: "oven 1", sensorType: "temperature", timestampUs: 5 });
  expect(address).toBe("/alarms?device=oven+1&sensor=temperature&rule=anomaly&at=5");
  expect(asked(address.split("?")[1] ?? "")).toEqual({
    ...{ limit: 100, device: "oven 1", sensor: "temperature", rule: "anomaly", at: 5 },
  });
});

test("what is to be looked after has the worst first, what is over the youngest", () => {
  const alarms = (["minor", "critical", "major"] as const).map((severity, at) => ({ id: 9 - at, severity }));
  const ids = (text: string) => inOrder(new URLSearchParams(text), alarms).map(({ id }) => id);
  expect(ids("")).toEqual([8, 7, 9]);
  expect(ids("state=acknowledged")).toEqual([8, 7, 9]);
  expect(ids("state=cleared")).toEqual([9, 8, 7]);
  expect(ids("state=unseen")).toEqual([9, 8, 7]);
  expect(ids("device=a&at=5")).toEqual([9, 8, 7]);
});
