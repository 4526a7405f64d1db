import { describe, expect, test, vi } from "vitest";
import { alarmEvent, settings } from "../tests/contracts/notification-samples.ts";
import { type AlarmSeverity, alarmSeverities } from "./alarm.ts";
import type { NotificationRoute, RouteSettings } from "./notification.ts";
import { objectionToRoute, planNotifications, topicOf } from "./notification-plan.ts";

type EventOver = Parameters<typeof alarmEvent>[0];

const route = (over: Partial<NotificationRoute> = {}): NotificationRoute => ({
  ...settings(),
  ...{ id: 1, version: 1, url: "hooks.example", createdUs: 0 },
  ...over,
});

const sundayMs = Date.parse("2026-11-29T12:00:00Z");
const labels = new Map([["boiler-3", { site: "hall 2", line: "3" }]]);

const plan = (event: EventOver, over: Partial<NotificationRoute> = {}) =>
  planNotifications([alarmEvent(event)], [route(over)], { labels, nowMs: sundayMs });
const isTold = (event: EventOver, over?: Partial<NotificationRoute>) => plan(event, over).length === 1;
const severe = (severity: AlarmSeverity): EventOver => ({ alarm: { severity } });

describe("a route is told", () => {
  test("of what is raised and cleared, unless it asks for something else", () => {
    expect(isTold({})).toBe(true);
    expect(isTold({ change: "cleared" })).toBe(true);
    expect(isTold({ change: "acknowledged" })).toBe(false);
    expect(isTold({ change: "acknowledged" }, { changes: ["acknowledged"] })).toBe(true);
    expect(isTold({}, { isEnabled: false })).toBe(false);
  });

  test("from its severity on", () => {
    expect(alarmSeverities.map((severity) => isTold(severe(severity), { severity: "major" }))).toEqual([
      false,
      true,
      true,
    ]);
    expect(plan(severe("critical"))[0]?.severity).toBe("critical");
  });

  test("nothing of an alarm on the shelf, but that it was put there", () => {
    const alarm = { shelvedUntilUs: 1 };
    const changes: RouteSettings["changes"] = ["raised", "cleared", "shelved", "commented"];
    expect(isTold({ alarm }, { changes })).toBe(false);
    expect(isTold({ alarm, change: "commented" }, { changes })).toBe(false);
    expect(isTold({ alarm, change: "shelved" }, { changes })).toBe(true);
  });

  test.each([
    ["boiler-3", true],
    ["boiler-*", true],
    ["*-3", true],
    ["b*r*3", true],
    ["*", true],
    ["boiler-*-3", false],
    ["boiler", false],
    ["boile?-3", false],
    ["boiler-3*3", false],
    ["*r-*-3", false],
  ])("of devices that its pattern names: %s %s", (device, told) => {
    expect(isTold({}, { device })).toBe(told);
  });

  test("of devices with all of its labels, and of its sensor type", () => {
    expect(isTold({}, { labels: { site: "hall 2" } })).toBe(true);
    expect(isTold({}, { labels: { site: "hall 2", line: "4" } })).toBe(false);
    expect(isTold({ alarm: { deviceId: "other" } }, { labels: { site: "hall 2" } })).toBe(false);
    expect(isTold({}, { sensorType: "temperature" })).toBe(true);
    expect(isTold({}, { sensorType: "humidity" })).toBe(false);
    expect(isTold({ alarm: { sensorType: "" } }, { sensorType: "humidity" })).toBe(true);
  });

  test("of many devices at once as of one, wherever they are, and not of each", () => {
    const ofMany = { deviceId: "", members: 12, severity: "critical" as const };
    expect(plan({ alarm: ofMany }, { device: "boiler-*", labels: { site: "x" } })[0]?.severity).toBe(
      "critical",
    );
    expect(isTold({ alarm: ofMany }, { sensorType: "humidity" })).toBe(false);
    const part = { id: 2, group: 7 };
    expect(isTold({ alarm: part })).toBe(false);
    expect(isTold({ alarm: part, change: "cleared" })).toBe(true);
    const alone = { id: 3, group: null, members: 0 };
    expect(isTold({ alarm: alone }, { device: "boiler-*" })).toBe(true);
    expect(isTold({ alarm: alone }, { device: "fridge-*" })).toBe(false);
  });

  test("within its hours; outside of them later, or not", () => {
    const hours = { days: ["mon" as const], from: "08:00", to: "09:00" };
    expect(plan({})[0]?.dueUs).toBeNull();
    expect(plan({}, { hours: { ...hours, outside: "drop" } })).toEqual([]);
    const held = plan({}, { hours: { ...hours, outside: "hold" }, timeZone: "Europe/Berlin" });
    expect(held[0]?.dueUs).toBe(Date.parse("2026-11-30T07:00:00Z") * 1000);
  });

  test("after hours that are looked up once, however much happens", () => {
    const asking = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
    const hours = { days: ["mon" as const], from: "08:00", to: "09:00", outside: "hold" as const };
    const events = Array.from({ length: 50 }, (_, id) => alarmEvent({ alarm: { id } }));
    expect(planNotifications(events, [route({ hours })], { labels, nowMs: sundayMs })).toHaveLength(50);
    expect(asking.mock.calls.length).toBeLessThan(50);
    asking.mockRestore();
  });

  test("each for itself", () => {
    const planned = planNotifications(
      [alarmEvent(), alarmEvent({ alarm: { id: 2 } })],
      [route(), route({ id: 2 }), route({ id: 3, device: "other" })],
      { labels, nowMs: sundayMs },
    );
    expect(planned.map(({ routeId, event }) => `${event.alarm.id} ${routeId}`)).toEqual([
      "1 1",
      "1 2",
      "2 1",
      "2 2",
    ]);
  });
});

test.each([
  [{}, true, undefined],
  [{}, false, /needs a url/],
  [{ channel: "email", to: ["ada@example.org"] }, false, undefined],
  [{ channel: "email" }, false, /needs somebody in to/],
  [{ channel: "email", to: ["ada@example.org"] }, true, /only a webhook/],
  [{ to: ["ada@example.org"] }, true, /only an e-mail/],
  [{ channel: "mqtt", topic: "notifications/{severity}/x" }, false, undefined],
  [{ channel: "mqtt", topic: "notifications/+/x" }, false, /a topic has no/],
  [{ channel: "mqtt", topic: "notifications/" }, false, /a topic has no/],
  [{ topic: "notifications/x" }, true, /only the channel mqtt/],
  [{ timeZone: "Mars/Olympus" }, true, /no time zone/],
] as const)("%j with a url: %s: %s", (over, hasUrl, expected) => {
  const objection = objectionToRoute(settings(over as Partial<RouteSettings>), hasUrl);
  if (expected === undefined) expect(objection).toBeUndefined();
  else expect(objection).toMatch(expected);
});

test("a topic has the words of its message in it, and stays one", () => {
  const words = { severity: "major", device: "boiler-3", sensor: "temperature" };
  expect(topicOf({ topic: null }, words)).toBe("notifications/major/boiler-3");
  const topic = "notifications/{sensor}/{device}/{severity}/{other}";
  expect(topicOf({ topic }, words)).toBe("notifications/temperature/boiler-3/major/{other}");
  expect(topicOf({ topic: null }, { ...words, device: null })).toBe("notifications/major/several");
  expect(topicOf({ topic: null }, { ...words, device: "a/+#b" })).toBe("notifications/major/a___b");
  expect(topicOf({ topic: null }, { ...words, device: "" })).toBe("notifications/major/several");
});
