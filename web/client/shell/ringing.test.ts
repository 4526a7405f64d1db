import { expect, test } from "vitest";
import { type Heard, tonesFor, waitMs } from "./ringing.ts";

const nowMs = Date.UTC(2026, 0, 1);
const secondsAgo = (seconds: number): number => (nowMs - seconds * 1000) * 1000;
const raised = (seconds: number, severity: Heard["alarm"]["severity"] = "major"): Heard => ({
  change: "raised",
  atUs: secondsAgo(seconds),
  alarm: { severity },
});
const justConnected = { nowMs, connectedMs: nowMs - 500 };
const longConnected = { nowMs, connectedMs: nowMs - 3_600_000 };

test("an alarm that is raised is one tone, a critical one is two", () => {
  expect(tonesFor(raised(0, "minor"), longConnected)).toBe(1);
  expect(tonesFor(raised(0, "major"), longConnected)).toBe(1);
  expect(tonesFor(raised(0, "critical"), longConnected)).toBe(2);
});

test("whatever else happens to an alarm is silent", () => {
  for (const change of ["worsened", "acknowledged", "commented", "assigned", "shelved", "cleared"] as const)
    expect(tonesFor({ ...raised(0, "critical"), change }, longConnected), change).toBe(0);
});

test("of what is said again after a reconnect only the last minute is heard", () => {
  expect(tonesFor(raised(59), justConnected)).toBe(1);
  expect(tonesFor(raised(61, "critical"), justConnected)).toBe(0);
});

test("a clock that is off keeps nothing silent while the connection stands", () => {
  expect(tonesFor(raised(300), longConnected)).toBe(1);
  expect(tonesFor(raised(-300), longConnected)).toBe(1);
});

test("it rings at most once in five seconds", () => {
  expect(waitMs(Number.NEGATIVE_INFINITY, nowMs)).toBe(0);
  expect(waitMs(nowMs - 1000, nowMs)).toBe(4000);
  expect(waitMs(nowMs - 5000, nowMs)).toBe(0);
});
