import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { telemetryTopic } from "../schema/topics.ts";
import { decodePayload } from "../schema/wire.ts";
import { messagesOf } from "./message.ts";

const rules = { nowUs: Date.UTC(2026, 10, 22) * 1000, maxFutureUs: 0, maxReadings: 5000 };

function samplesOf(body: unknown) {
  const origin = { deviceId: undefined, sensorType: undefined };
  const decoded = decodePayload(Buffer.from(JSON.stringify(body)), origin, rules);
  if (decoded.kind === "rejected") throw new Error(decoded.refusal.reason);
  return decoded.samples;
}

test("a body of several devices becomes a message a device, in the legacy shape", () => {
  const samples = samplesOf([
    { device_id: "a", temperature: 1 },
    { device_id: "b", temperature: 2, timestamp: "2026-01-01T00:00:00.000001Z" },
    { device_id: "a", temperature: 3 },
  ]);
  const messages = messagesOf(samples, { maxBytes: 10_000, maxReadings: 10 });
  expect(messages.map(({ deviceId, payload }) => [deviceId, JSON.parse(payload)])).toEqual([
    [
      "a",
      [
        { device_id: "a", metrics: [{ type: "temperature", value: 1 }] },
        { device_id: "a", metrics: [{ type: "temperature", value: 3 }] },
      ],
    ],
    [
      "b",
      {
        device_id: "b",
        timestamp: "2026-01-01T00:00:00.000001Z",
        metrics: [{ type: "temperature", value: 2 }],
      },
    ],
  ]);
});

test("no message is larger than the broker takes, and nothing is left out", () => {
  const deviceId = "d".repeat(128);
  const body = Array.from({ length: 200 }, (_, index) => ({
    device_id: deviceId,
    timestamp: 1_767_261_600 + index,
    ...Object.fromEntries(Array.from({ length: 20 }, (_, sensor) => [`s${sensor}`, index + sensor])),
  }));
  const limits = { maxBytes: 1024, maxReadings: 7 };
  const messages = messagesOf(samplesOf(body), limits);
  let readings = 0;
  for (const { payload } of messages) {
    const publish = { cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false } as const;
    const packet = generate({ ...publish, topic: telemetryTopic(deviceId), payload });
    expect(packet.length).toBeLessThanOrEqual(limits.maxBytes);
    const decoded = decodePayload(
      Buffer.from(payload),
      { deviceId, sensorType: undefined },
      { ...rules, ...limits },
    );
    if (decoded.kind === "rejected") throw new Error(decoded.refusal.reason);
    readings += decoded.samples.reduce((sum, sample) => sum + sample.metrics.length, 0);
  }
  expect(readings).toBe(200 * 20);
});
