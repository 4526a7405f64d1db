import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeviceId, isSensorType } from "./reading.ts";
import { rejectionCodes } from "./rejection.ts";
import { parseTopic } from "./topics.ts";
import { decodePayload, toReadings } from "./wire.ts";

const rules = { nowUs: Date.UTC(2026, 10, 22, 12) * 1000, maxFutureUs: 300e6, maxReadings: 20 };

// Names that objects have of themselves, and texts that databases and topics dislike.
const hostile = fc.constantFrom(
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "",
    " ",
    "a/b",
    "#",
    "$SYS",
    "\u0000",
    "\ud800",
    "ü",
  ],
  ...["device_id", "timestamp", "metrics", "type", "value", "temperature", "x".repeat(200)],
);
const scalar = fc.oneof(
  hostile,
  fc.double(),
  fc.constantFrom<unknown>(1e308, -0, 1e21, null, true, "21.4", "NaN", "0x10", "1e400", " 7 "),
  fc.constantFrom<unknown>(
    "2026-11-22T11:59:58.123456Z",
    1_795_348_798,
    "+275760-09-13T00:00:00Z",
    "2026-02-30",
    -1,
    1e300,
  ),
);
const metric = fc.oneof(
  fc.record(
    { type: fc.oneof(fc.constantFrom("temperature", "humidity"), scalar), value: scalar },
    { requiredKeys: [] },
  ),
  scalar,
);
const body = fc.oneof(
  fc.record(
    { device_id: scalar, timestamp: scalar, metrics: fc.oneof(fc.array(metric, { maxLength: 30 }), scalar) },
    { requiredKeys: [] },
  ),
  fc.dictionary(hostile, scalar, { maxKeys: 6 }),
  scalar,
);
const text = fc.oneof(
  fc.oneof(body, fc.array(body, { maxLength: 30 })).map((value) => JSON.stringify(value) ?? ""),
  fc.json(),
  fc.nat(20_000).map((depth) => "[".repeat(depth)),
  // Written by hand, for what JSON.stringify never writes: a key twice, and a prototype as a key.
  fc.constantFrom(
    '{"__proto__":{"value":1},"temperature":1}',
    '{"temperature":1,"temperature":2}',
    '{"temperature":1e999}',
  ),
);
const payload = fc
  .oneof(
    text.map((shown) => Buffer.from(shown)),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  )
  .chain((bytes) =>
    fc.array(fc.record({ at: fc.nat(bytes.length), byte: fc.nat(255) }), { maxLength: 2 }).map((edits) => {
      const edited = Buffer.from(bytes);
      for (const { at, byte } of edits) if (at < edited.length) edited[at] = byte;
      return edited;
    }),
  );
const origin = fc.constantFrom(
  { deviceId: "press-01", sensorType: undefined },
  { deviceId: "press-01", sensorType: "temperature" },
  { deviceId: undefined, sensorType: undefined },
);

test("whatever the payload, it is refused with a code or holds readings that can be stored", () => {
  fc.assert(
    fc.property(payload, origin, (bytes, from) => {
      const decoded = decodePayload(bytes, from, rules);
      if (decoded.kind === "rejected") {
        expect(rejectionCodes).toContain(decoded.refusal.code);
        expect(decoded.refusal.reason).not.toBe("");
        return;
      }
      const readings = toReadings(decoded.samples, rules.nowUs);
      expect(readings.length).toBeGreaterThan(0);
      expect(readings.length).toBeLessThanOrEqual(rules.maxReadings);
      for (const { deviceId, sensorType, timestampUs, value } of readings) {
        expect(isDeviceId(deviceId)).toBe(true);
        expect(isSensorType(sensorType)).toBe(true);
        expect(Number.isSafeInteger(timestampUs)).toBe(true);
        expect(timestampUs).toBeLessThanOrEqual(rules.nowUs + rules.maxFutureUs);
        expect(Number.isFinite(value)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
}, 30_000);

test("whatever the topic, it means something, and a device in it is one", () => {
  const level = fc.oneof(
    fc.constantFrom("devices", "telemetry", "commands", "anomalies", "status", "$SYS", "", "__proto__"),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
      const topic = parseTopic(levels.join("/"));
      if ("deviceId" in topic && topic.deviceId !== null) expect(isDeviceId(topic.deviceId)).toBe(true);
      if (topic.kind === "telemetry" && topic.sensorType !== undefined)
        expect(isSensorType(topic.sensorType)).toBe(true);
    }),
    { numRuns: 1000 },
  );
}, 30_000);
