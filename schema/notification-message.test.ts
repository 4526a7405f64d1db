import { expect, test } from "vitest";
import { alarmEvent } from "../tests/contracts/notification-samples.ts";
import type { Message } from "./digest.ts";
import { bodyOf, type Setting, subjectOf, textOf } from "./notification-message.ts";

const setting: Setting = {
  route: "night shift",
  publicUrl: "https://tide.example",
  timeZone: "Europe/Berlin",
};
const raised: Message = { id: "d-1", severity: "major", content: { kind: "alarm", event: alarmEvent() } };
const digest: Message = {
  ...{ id: "d-2", severity: "critical" },
  content: {
    ...{ kind: "digest", total: 12, counts: [{ severity: "critical", change: "raised", count: 12 }] },
    worst: [{ id: "d-3", severity: "critical", event: alarmEvent({ alarm: { deviceId: "boiler-9" } }) }],
  },
};
const test1: Message = { id: "d-4", severity: "minor", content: { kind: "test", by: "operator:ada" } };

test("a subject says in one line what is the matter", () => {
  expect(subjectOf(raised)).toBe("[major] boiler-3 temperature 41.25 °C");
  const event = alarmEvent({ change: "cleared" });
  expect(subjectOf({ severity: "major", content: { kind: "alarm", event } })).toBe(
    "[major, cleared] boiler-3 temperature 41.25 °C",
  );
  expect(subjectOf(digest)).toBe("[critical] 12 notifications of alarms");
  expect(subjectOf(test1)).toBe("[test] Notifications of alarms arrive here");
});

test("a text has the sentence first, then what one asks next, by the clock of the route", () => {
  expect(textOf(raised, setting)).toBe(`Temperature 41.25 °C; 19.5 to 24.5 is usual here.

What: alarm 1 raised, major
Device: boiler-3
Sensor: Temperature
Worst reading: 41.25 °C
Expected: 19.5 to 24.5 °C
When: 1 Jan 2026, 01:00:00 (Europe/Berlin); since 1 Jan 2026, 01:00:00 (Europe/Berlin)
Alarm: https://tide.example/api/v1/alarms/1

Console: https://tide.example/
Route: night shift
Delivery: d-1
`);
});

test("a digest lists counts and the worst, and a text without an address has no links", () => {
  const text = textOf(digest, { ...setting, publicUrl: null });
  expect(text).toContain("More than this route tells one by one: 12 critical raised.");
  expect(text).toContain("The worst:\n[critical] boiler-9 temperature 41.25 °C\n  Temperature 41.25 °C;");
  expect(text).not.toContain("http");
});

test("who did it and what they said is told", () => {
  const event = alarmEvent({ change: "acknowledged", by: "operator:ada", comment: "on my way" });
  const text = textOf({ ...raised, content: { kind: "alarm", event } }, setting);
  expect(text).toContain("By: operator:ada\nComment: on my way");
});

test("a body speaks as the topics do, and names its delivery", () => {
  expect(bodyOf(raised, setting)).toMatchObject({
    ...{ delivery: "d-1", event: "raised", route: "night shift", severity: "major" },
    alarm: { alarm_id: 1, version: 1, device_id: "boiler-3", raised: "2026-01-01T00:00:00.123456Z" },
    links: { console: "https://tide.example/", alarm: "https://tide.example/api/v1/alarms/1" },
  });
  expect(bodyOf(digest, { ...setting, publicUrl: null })).toMatchObject({
    ...{ event: "digest", links: {} },
    digest: { total: 12, worst: [{ delivery: "d-3", event: "raised", alarm: { device_id: "boiler-9" } }] },
  });
  expect(bodyOf(test1, setting)).toMatchObject({ event: "test", by: "operator:ada" });
});
