import { expect, test } from "vitest";
import { parseTopic } from "./topics.ts";

test.each([
  ["devices/a/telemetry", { kind: "telemetry", deviceId: "a", sensorType: undefined }],
  ["devices/a/telemetry/co2", { kind: "telemetry", deviceId: "a", sensorType: "co2" }],
  ["devices/a/commands/reboot", { kind: "command", deviceId: "a" }],
  ["devices/a/anomalies", { kind: "reserved" }],
  ["devices/a/status", { kind: "reserved" }],
  ["$SYS/broker", { kind: "reserved" }],
  ["devices/a/telemetry/", { kind: "unknown", deviceId: "a" }],
  ["devices/a/telemetry/b/c", { kind: "unknown", deviceId: "a" }],
  ["devices/a", { kind: "unknown", deviceId: "a" }],
  ["devices//telemetry", { kind: "unknown", deviceId: null }],
  ["device/a/telemetry", { kind: "unknown", deviceId: null }],
])("%s means %o", (topic, meaning) => {
  expect(parseTopic(topic)).toEqual(meaning);
});
