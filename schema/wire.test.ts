import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RejectionCode } from "./rejection.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";
import { type Decoded, decodePayload, toReadings } from "./wire.ts";

const nowUs = Date.UTC(2026, 10, 22, 12) * 1000;
const rules = { nowUs, maxFutureUs: 300e6, maxReadings: 1000 };
const press = { deviceId: "press-01", sensorType: undefined };

function decode(payload: string, origin: Parameters<typeof decodePayload>[1] = press): Decoded {
  return decodePayload(Buffer.from(payload), origin, rules);
}

function readingsOf(decoded: Decoded) {
  if (decoded.kind === "rejected") throw new Error(decoded.refusal.reason);
  return decoded.samples.flatMap((sample) => toReadings([sample], nowUs));
}

test("readings come oldest first, in whatever order a device sends them, and at one moment in the order of the message", () => {
  const at = (seconds: number) => new Date(nowUs / 1000 - seconds * 1000).toISOString();
  const body = [
    { temperature: 3, humidity: 30, timestamp: at(1) },
    { temperature: 4 },
    { temperature: 2, timestamp: at(2) },
    { temperature: 5 },
    { temperature: 1, timestamp: at(3) },
  ];
  const decoded = decode(JSON.stringify(body));
  const readings = decoded.kind === "accepted" ? toReadings(decoded.samples, nowUs) : [];
  expect(readings.map(({ value }) => value)).toEqual([1, 2, 3, 30, 4, 5]);
  expect(readings.map(({ timestampUs }) => timestampUs - nowUs)).toEqual([-3e6, -2e6, -1e6, -1e6, 0, 1]);
});

describe("every documented shape is accepted", () => {
  const at = parseTimestamp("2026-11-22T11:59:58.123456Z");

  test("the legacy shape keeps the microseconds of its timestamp", () => {
    const body = `{"device_id":"press-01","timestamp":"2026-11-22T11:59:58.123456",
      "metrics":[{"type":"temperature","value":21.4},{"type":"humidity","value":40}]}`;
    expect(readingsOf(decode(body))).toEqual([
      { deviceId: "press-01", sensorType: "temperature", timestampUs: at, value: 21.4 },
      { deviceId: "press-01", sensorType: "humidity", timestampUs: at, value: 40 },
    ]);
  });

  test("the flat shape takes the device from the topic", () => {
    expect(readingsOf(decode('{"temperature":21.4,"humidity":"40"}'))).toEqual([
      { deviceId: "press-01", sensorType: "temperature", timestampUs: nowUs, value: 21.4 },
      { deviceId: "press-01", sensorType: "humidity", timestampUs: nowUs, value: 40 },
    ]);
  });

  test("an array mixes both shapes", () => {
    const body = '[{"temperature":1,"timestamp":1795348798},{"metrics":[{"type":"co2","value":400}]}]';
    expect(readingsOf(decode(body)).map((reading) => [reading.sensorType, reading.value])).toEqual([
      ["temperature", 1],
      ["co2", 400],
    ]);
  });

  test.each([
    ["21.4", nowUs],
    ['"21.4"', nowUs],
    ['{"value":21.4}', nowUs],
    ['{"value":21.4,"timestamp":"2026-11-22T11:59:58.123456Z"}', at],
    ['[{"value":21.4,"timestamp":"2026-11-22T11:59:58.123456Z"}]', at],
  ])("the sensor's own topic takes %s", (payload, timestampUs) => {
    const decoded = decode(payload, { deviceId: "press-01", sensorType: "temperature" });
    expect(readingsOf(decoded)).toEqual([
      { deviceId: "press-01", sensorType: "temperature", timestampUs, value: 21.4 },
    ]);
  });
});

describe("every fault has its code", () => {
  const faults: [payload: string, code: RejectionCode][] = [
    ["", "PAYLOAD_EMPTY"],
    ["{", "PAYLOAD_NOT_JSON"],
    ["NaN", "VALUE_NOT_FINITE"],
    ['{"temperature":NaN}', "PAYLOAD_NOT_JSON"],
    ["null", "PAYLOAD_SHAPE"],
    ["7", "PAYLOAD_SHAPE"],
    ['{"metrics":{}}', "PAYLOAD_SHAPE"],
    ['{"metrics":[1]}', "PAYLOAD_SHAPE"],
    ['{"metrics":[{"type":"temperature"}]}', "PAYLOAD_SHAPE"],
    ['{"metrics":[]}', "METRICS_EMPTY"],
    ["{}", "METRICS_EMPTY"],
    ["[]", "METRICS_EMPTY"],
    ['{"device_id":"other","temperature":1}', "DEVICE_ID_MISMATCH"],
    ['{"device_id":"a/b","temperature":1}', "DEVICE_ID_INVALID"],
    ['{"device_id":{},"temperature":1}', "DEVICE_ID_INVALID"],
    ['{"device_id":"a\u0085b","temperature":1}', "DEVICE_ID_INVALID"],
    ['{"device_id":"a\ufffeb","temperature":1}', "DEVICE_ID_INVALID"],
    ['{"temp/erature":1}', "SENSOR_TYPE_INVALID"],
    ['{"\\ud800":1}', "SENSOR_TYPE_INVALID"],
    [`{"${"x".repeat(65)}":1}`, "SENSOR_TYPE_INVALID"],
    ['{"temperature":"warm"}', "VALUE_NOT_A_NUMBER"],
    ['{"temperature":null}', "VALUE_NOT_A_NUMBER"],
    ['{"temperature":true}', "VALUE_NOT_A_NUMBER"],
    ['{"temperature":"0x10"}', "VALUE_NOT_A_NUMBER"],
    ['{"temperature":"NaN"}', "VALUE_NOT_FINITE"],
    ['{"temperature":"-Infinity"}', "VALUE_NOT_FINITE"],
    ['{"temperature":1e999}', "VALUE_NOT_FINITE"],
    ['{"temperature":1,"timestamp":"soon"}', "TIMESTAMP_INVALID"],
    ['{"temperature":1,"timestamp":"2026-02-30T00:00:00Z"}', "TIMESTAMP_INVALID"],
    ['{"temperature":1,"timestamp":"2026-11-22T12:06:00Z"}', "TIMESTAMP_IN_FUTURE"],
    ['{"temperature":1,"timestamp":12}', "TIMESTAMP_TOO_OLD"],
    ['{"metrics":[{"type":"a","value":1},{"type":"a","value":2}]}', "METRIC_DUPLICATE"],
  ];

  test.each(faults)("%s → %s", (payload, code) => {
    expect(decode(payload)).toMatchObject({ kind: "rejected", deviceId: "press-01", refusal: { code } });
  });

  test("broken UTF-8 is told apart from broken JSON", () => {
    const decoded = decodePayload(Uint8Array.of(0x22, 0xff, 0x22), press, rules);
    expect(decoded).toMatchObject({ refusal: { code: "PAYLOAD_NOT_UTF8" } });
  });

  test("a body without a topic must name its device", () => {
    const nowhere = { deviceId: undefined, sensorType: undefined };
    expect(decode('{"temperature":1}', nowhere)).toMatchObject({ refusal: { code: "DEVICE_ID_MISSING" } });
  });

  test("more readings than one message may hold are refused", () => {
    const many = Array.from({ length: 1001 }, (_, index) => ({
      timestamp: 1795348000 + index,
      temperature: 1,
    }));
    expect(decode(JSON.stringify(many))).toMatchObject({ refusal: { code: "METRICS_TOO_MANY" } });
  });
});

test("a hostile key reaches no prototype", () => {
  const decoded = decode('{"__proto__":1,"constructor":2}');
  expect(readingsOf(decoded).map((reading) => reading.sensorType)).toEqual(["__proto__", "constructor"]);
});

test.each([
  `{"temperature":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  "[".repeat(20_000) + "]".repeat(20_000),
])("a value nested 20 000 deep is refused like any other", (payload) => {
  expect(decode(payload).kind).toBe("rejected");
});

test("whatever the bytes, the decoder answers with finite readings or a refusal", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (payload) => {
        const decoded = decodePayload(payload, press, rules);
        return (
          decoded.kind === "rejected" || readingsOf(decoded).every(({ value }) => Number.isFinite(value))
        );
      },
    ),
  );
});

describe("timestamps", () => {
  test.each([
    ["2026-11-22T18:40:08Z", "2026-11-22T18:40:08.000000Z"],
    ["2026-11-22 18:40:08.5+02:00", "2026-11-22T16:40:08.500000Z"],
    ["2026-11-22T18:40:08.123456789", "2026-11-22T18:40:08.123456Z"],
    ["2026-11-22T18:40-0330", "2026-11-22T22:10:00.000000Z"],
    ["2026-11-22", "2026-11-22T00:00:00.000000Z"],
    [1795372808, "2026-11-22T18:40:08.000000Z"],
    [1795372808.25, "2026-11-22T18:40:08.250000Z"],
    [1795372808123, "2026-11-22T18:40:08.123000Z"],
    [1795372808123456, "2026-11-22T18:40:08.123456Z"],
  ])("%s is %s", (raw, iso) => {
    expect(formatTimestamp(parseTimestamp(raw) ?? Number.NaN)).toBe(iso);
  });

  test("every microsecond survives the way to text and back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e15 }),
        (timestampUs) => parseTimestamp(formatTimestamp(timestampUs)) === timestampUs,
      ),
    );
  });
});
