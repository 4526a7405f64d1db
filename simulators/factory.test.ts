import { expect, test } from "vitest";
import { parseTimestamp } from "../schema/timestamp.ts";
import { parseTopic } from "../schema/topics.ts";
import { encodeSnapshots, type FactoryDevice, factoryDevices, type Shape, type Snapshot } from "./factory.ts";

const snapshot = (second: number): Snapshot => ({
  timestampUs: 1_795_372_808_123_456 + second * 1e6,
  values: [
    { sensorType: "temperature", value: 21.4 },
    { sensorType: "humidity", value: 40 },
  ],
});
const kiln = (shape: Shape): FactoryDevice => ({
  id: "kiln-02",
  sensorTypes: ["temperature", "humidity"],
  shape,
});
const said = (shape: Shape, snapshots: Snapshot[], live = true) =>
  encodeSnapshots(kiln(shape), snapshots, live).map(({ topic, payload }) => [topic, JSON.parse(payload)]);
const at = "2026-11-22T18:40:08.123456Z";

test("a factory has unlike devices under human names, and its first ones stay when it grows", () => {
  const devices = factoryDevices(8);
  expect(devices.map((device) => device.id)).toContain("press-01");
  expect(new Set(devices.map((device) => device.shape)).size).toBe(6);
  expect(new Set(factoryDevices(1000).map((device) => device.id)).size).toBe(1000);
  expect(factoryDevices(1000).slice(0, 8)).toEqual(devices);
});

test("a legacy device names itself and its metrics", () => {
  const metrics = [
    { type: "temperature", value: 21.4 },
    { type: "humidity", value: 40 },
  ];
  expect(said("legacy", [snapshot(0)])).toEqual([
    ["devices/kiln-02/telemetry", { device_id: "kiln-02", timestamp: at, metrics }],
  ]);
});

test("a flat device says values by name, and several instants as an array", () => {
  const flat = { temperature: 21.4, humidity: 40 };
  expect(said("flat", [snapshot(0)])).toEqual([["devices/kiln-02/telemetry", { ...flat, timestamp: at }]]);
  expect(said("flat-batch", [snapshot(0), snapshot(1)])).toEqual([
    [
      "devices/kiln-02/telemetry",
      [
        { ...flat, timestamp: at },
        { ...flat, timestamp: at.replace("08.", "09.") },
      ],
    ],
  ]);
});

test("a device with a topic per sensor sends an object, or a bare number while it is live", () => {
  const objects = [
    ["devices/kiln-02/telemetry/temperature", { value: 21.4, timestamp: at }],
    ["devices/kiln-02/telemetry/humidity", { value: 40, timestamp: at }],
  ];
  expect(said("topic-object", [snapshot(0)])).toEqual(objects);
  expect(said("topic-number", [snapshot(0)])).toEqual([
    ["devices/kiln-02/telemetry/temperature", 21.4],
    ["devices/kiln-02/telemetry/humidity", 40],
  ]);
  expect(said("topic-number", [snapshot(0)], false)).toEqual(objects);
});

test("whatever the shape, each reading is told once, on a telemetry topic, with its microseconds", () => {
  const snapshots = Array.from({ length: 45 }, (_, second) => snapshot(second));
  const shapes: Shape[] = ["legacy", "legacy-batch", "flat", "flat-batch", "topic-object", "topic-number"];
  for (const shape of shapes) {
    const messages = encodeSnapshots(kiln(shape), snapshots, false);
    expect(messages.reduce((sum, message) => sum + message.readings, 0)).toBe(90);
    for (const { topic, payload } of messages) {
      expect(parseTopic(topic)).toMatchObject({ kind: "telemetry", deviceId: "kiln-02" });
      const stamps = [...payload.matchAll(/"timestamp":"([^"]+)"/g)].map((match) => parseTimestamp(match[1]));
      expect(stamps.every((stampUs) => stampUs !== undefined && stampUs % 1e6 === 123_456)).toBe(true);
    }
  }
});

test("an instant at which every sensor was silent is not told", () => {
  expect(encodeSnapshots(kiln("flat"), [{ timestampUs: 1e15, values: [] }], true)).toEqual([]);
});
