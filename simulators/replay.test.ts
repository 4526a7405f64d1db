import { expect, test } from "vitest";
import { startReplay, toMessages } from "./replay.ts";

const startUs = 1e15;
const load = (deviceId: string, offsetUs: number, value: number) => ({
  deviceId,
  sensorType: "load",
  timestampUs: startUs + offsetUs,
  value,
});

test("the sensors of a device at one instant travel together, other devices and instants apart", () => {
  const messages = toMessages([
    load("a", 0, 1),
    { ...load("a", 0, 2), sensorType: "heat" },
    load("b", 0, 3),
    load("b", 1, 4),
  ]);
  expect(messages.map(({ message }) => message.readings)).toEqual([2, 1, 1]);
  expect(messages.map(({ message }) => message.topic)).toEqual([
    "devices/a/telemetry",
    "devices/b/telemetry",
    "devices/b/telemetry",
  ]);
});

test("a sensor that speaks twice at one instant gets two messages", () => {
  const messages = toMessages([load("a", 0, 1), load("a", 0, 2)]);
  expect(messages.map(({ message }) => JSON.parse(message.payload).metrics)).toEqual([
    [{ type: "load", value: 1 }],
    [{ type: "load", value: 2 }],
  ]);
});

test("a replay of nothing ends at once", async () => {
  const counts = await startReplay({ mqttUrl: "mqtt://127.0.0.1:1", readings: [], speed: 0 }).finished;
  expect(counts).toMatchObject({ readings: 0, sent: 0, acknowledged: 0 });
});
