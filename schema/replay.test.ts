import { describe, expect, test } from "vitest";
import { type RejectedMessage, type Rejection, type RejectionCode, toRejection } from "./rejection.ts";
import { byShard, decodeAgain } from "./replay.ts";

const nowUs = Date.UTC(2026, 10, 22, 12) * 1000;
const receivedUs = nowUs - 3600e6;
const rules = { nowUs, maxFutureUs: 300e6, maxReadings: 1000, maxPayloadBytes: 262_144 };

function kept(
  payload: string | Uint8Array,
  over: Partial<RejectedMessage> & { code?: RejectionCode } = {},
): Rejection {
  const { code = "TIMESTAMP_IN_FUTURE", ...message } = over;
  return toRejection(
    { code, reason: "it was wrong" },
    {
      id: "0b8f7c1e-0000-4000-8000-000000000001",
      deviceId: "press-01",
      source: "devices/press-01/telemetry",
      payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
      receivedUs,
      ...message,
    },
  );
}

describe("a message that was ahead of its time", () => {
  const early = kept('{"temperature":21.5,"timestamp":"2026-11-22T11:59:59.123456Z"}');

  test("is read once its time has come, with its own timestamp", () => {
    expect(decodeAgain(early, rules)).toEqual({
      kind: "readings",
      readings: [
        {
          deviceId: "press-01",
          sensorType: "temperature",
          timestampUs: nowUs - 1e6 + 123_456,
          value: 21.5,
        },
      ],
    });
  });

  test("is refused anew before", () => {
    const replay = decodeAgain(early, { ...rules, nowUs: nowUs - 3600e6 });
    expect(replay).toMatchObject({ kind: "refused", refusal: { code: "TIMESTAMP_IN_FUTURE" } });
  });
});

test("samples without a timestamp get the moment of the refusal, a microsecond apart, whenever they are replayed", () => {
  const rejection = kept('[{"a":1},{"a":2,"timestamp":1795348000},{"a":3,"b":4}]', {
    code: "METRICS_TOO_MANY",
  });
  const first = decodeAgain(rejection, rules);
  expect(first).toMatchObject({
    readings: [
      { sensorType: "a", timestampUs: receivedUs, value: 1 },
      { sensorType: "a", timestampUs: receivedUs + 1, value: 3 },
      { sensorType: "b", timestampUs: receivedUs + 1, value: 4 },
      { timestampUs: 1_795_348_000e6, value: 2 },
    ],
  });
  expect(decodeAgain(rejection, { ...rules, nowUs: nowUs + 5e6 })).toEqual(first);
});

test.each([
  ["devices/press-01/telemetry/temperature", "21.5", "press-01"],
  ["POST /data", '{"device_id":"oven","temperature":21.5}', "oven"],
  ["stream", '{"device_id":"oven","metrics":[{"type":"temperature","value":21.5}]}', "oven"],
])("the source %s says where the readings are from", (source, payload, deviceId) => {
  expect(decodeAgain(kept(payload, { source, code: "STORE_REFUSED" }), rules)).toEqual({
    kind: "readings",
    readings: [{ deviceId, sensorType: "temperature", timestampUs: receivedUs, value: 21.5 }],
  });
});

test.each(["POST /data", "stream", "some/other/topic", "devices/a/commands/b", "devices/a/status", "$SYS/a"])(
  "a topic from which nothing is stored stays unknown, even when it is called %s",
  (source) => {
    const payload = '{"device_id":"oven","temperature":1}';
    expect(decodeAgain(kept(payload, { source, code: "TOPIC_UNKNOWN" }), rules)).toMatchObject({
      kind: "refused",
      refusal: { code: "TOPIC_UNKNOWN" },
    });
  },
);

test("the limits in force are those of now", () => {
  const payload = '[{"a":1},{"a":2}]';
  const tooMany = kept(payload, { code: "METRICS_TOO_MANY" });
  expect(decodeAgain(tooMany, { ...rules, maxReadings: 1 })).toMatchObject({
    refusal: { code: "METRICS_TOO_MANY" },
  });
  const tooLarge = kept(payload, { code: "PAYLOAD_TOO_LARGE" });
  expect(decodeAgain(tooLarge, { ...rules, maxPayloadBytes: 16 })).toMatchObject({
    refusal: { code: "PAYLOAD_TOO_LARGE" },
  });
  expect(decodeAgain(tooLarge, { ...rules, maxPayloadBytes: 17 })).toMatchObject({ kind: "readings" });
});

describe("what can never be replayed says why", () => {
  const spaces = " ".repeat(4094);
  test.each<[string, Rejection, string]>([
    ["longer than what is kept", kept(`1${spaces}  `), "REJECTION_CUT"],
    [
      "an oversize body of unknown size",
      kept("", { code: "PAYLOAD_TOO_LARGE", source: "POST /data", payloadBytes: 0 }),
      "REJECTION_CUT",
    ],
    ["broken UTF-8", kept(Uint8Array.of(0x31, 0xff), { code: "PAYLOAD_NOT_UTF8" }), "REJECTION_ALTERED"],
    [
      "a NUL in a name, which is valid JSON once it is replaced",
      kept('{"device_id":"press\u0000","temperature":1}', { code: "PAYLOAD_NOT_JSON", source: "POST /data" }),
      "REJECTION_ALTERED",
    ],
    [
      "a NUL in the topic, likewise",
      kept('{"temperature":1}', { code: "TOPIC_UNKNOWN", source: "devices/\u0000/telemetry" }),
      "REJECTION_ALTERED",
    ],
    ["a stray entry", kept("1", { code: "FRAME_UNREADABLE", source: "stream" }), "REJECTION_NOT_TELEMETRY"],
    [
      "an answer to no command",
      kept('{"temperature":1}', { code: "COMMAND_UNKNOWN", source: "devices/a/commands/open/answer" }),
      "REJECTION_NOT_TELEMETRY",
    ],
  ])("%s", (_, rejection, code) => {
    expect(decodeAgain(rejection, rules)).toEqual({
      kind: "impossible",
      obstacle: { code, reason: expect.any(String) },
    });
  });

  test("but a message that just fits is whole", () => {
    const source = "devices/press-01/telemetry/temperature";
    expect(decodeAgain(kept(`1${spaces} `, { source }), rules)).toMatchObject({ kind: "readings" });
  });
});

test("readings are parted by shard in their order", () => {
  const reading = (deviceId: string, value: number) => ({ deviceId, sensorType: "a", timestampUs: 1, value });
  const readings = ["a", "b", "a", "c", "b"].map(reading);
  const parts = byShard(readings, 4);
  expect([...parts.values()].flat()).toHaveLength(5);
  for (const part of parts.values()) {
    expect(part.map(({ value }) => value)).toEqual(part.map(({ value }) => value).toSorted());
  }
  expect(byShard(readings, 1)).toEqual(new Map([[0, readings]]));
});
