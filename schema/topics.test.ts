import { expect, test } from "vitest";
import { canHearTelemetry, isServersOwn, isTelemetryTopic, parseTopic } from "./topics.ts";

test.each([
  ["devices/a/telemetry", { kind: "telemetry", deviceId: "a", sensorType: undefined }],
  ["devices/a/telemetry/co2", { kind: "telemetry", deviceId: "a", sensorType: "co2" }],
  ["devices/a/commands/reboot", { kind: "reserved" }],
  ["devices/a/commands/reboot/answer", { kind: "answer", deviceId: "a" }],
  ["devices/a/commands/reboot/answer/more", { kind: "reserved" }],
  ["devices/a/commands/not a name/answer", { kind: "reserved" }],
  ["devices/a/commands", { kind: "reserved" }],
  ["devices/a/messages/to/whom", { kind: "message", deviceId: "a" }],
  ["devices/a/messages", { kind: "unknown", deviceId: "a" }],
  ["devices/a/anomalies", { kind: "reserved" }],
  ["devices/a/status", { kind: "reserved" }],
  ["alarms/anomaly", { kind: "reserved" }],
  ["$SYS/broker", { kind: "reserved" }],
  ["notifications/major/a", { kind: "reserved" }],
  ["notifications", { kind: "reserved" }],
  ["notification/major/a", { kind: "unknown", deviceId: null }],
  ["$SYS", { kind: "reserved" }],
  ["$SYSTEM/broker", { kind: "unknown", deviceId: null }],
  ["devices/a/telemetry/", { kind: "unknown", deviceId: "a" }],
  ["devices/a/telemetry/b/c", { kind: "unknown", deviceId: "a" }],
  ["devices/a", { kind: "unknown", deviceId: "a" }],
  ["devices//telemetry", { kind: "unknown", deviceId: null }],
  ["device/a/telemetry", { kind: "unknown", deviceId: null }],
])("%s means %o", (topic, meaning) => {
  expect(parseTopic(topic)).toEqual(meaning);
});

test.each([
  "#",
  "+/#",
  "devices/#",
  "devices/a/#",
  "devices/+/telemetry",
  "devices/a/telemetry/#",
  "+/+/+",
  "devices/a/telemetry/x",
])("a subscription to %j can hear telemetry", (filter) => {
  expect(canHearTelemetry(filter)).toBe(true);
});

test.each(["devices/+/commands/#", "devices/+/anomalies", "devices/+", "$SYS/#", "other/+/telemetry", ""])(
  "a subscription to %j cannot hear telemetry",
  (filter) => {
    expect(canHearTelemetry(filter)).toBe(false);
  },
);

test("telemetry is known by its third level alone", () => {
  expect(["devices/a/telemetry", "devices/a/telemetry/x/y"].map(isTelemetryTopic)).toEqual([true, true]);
  expect(
    ["devices/a/telemetryx", "devices/telemetry", "x/devices/a/telemetry"].map(isTelemetryTopic),
  ).toEqual([false, false, false]);
});

test("names with a dollar sign are the server's own, but for those of $SYS", () => {
  expect(["$share/g/devices/#", "$", "$SYSTEM", "$a"].filter(isServersOwn)).toHaveLength(4);
  expect(["$SYS", "$SYS/#", "devices/$a", "", "#"].filter(isServersOwn)).toEqual([]);
});
