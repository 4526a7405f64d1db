import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Rejection, rejectionCodes } from "../schema/rejection.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import type { Frame } from "./ports.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("büro 3", "__proto__", "測定-1", '"\\', "\ud800"),
);
const instant = fc.maxSafeNat();
// JSON has no negative zero; for a sensor it is the same value.
const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);

const frames: fc.Arbitrary<Frame> = fc.record({
  receivedUs: instant,
  readings: fc.array(fc.record({ deviceId: text, sensorType: text, timestampUs: instant, value })),
  rejections: fc.array(
    fc.record<Rejection>({
      id: fc.uuid(),
      code: fc.constantFrom(...rejectionCodes),
      reason: text,
      deviceId: fc.option(text),
      source: text,
      payload: text,
      payloadBytes: fc.nat(),
      receivedUs: instant,
    }),
    { maxLength: 3 },
  ),
});

test("a frame comes back from its text as it was", () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const decoded = decodeFrame(encodeFrame(frame));
      expect(decoded).toEqual({
        receivedUs: frame.receivedUs,
        readings: frame.readings.map((reading) => ({ ...reading })),
        rejections: frame.rejections.map((rejection) => ({ ...rejection })),
      });
    }),
  );
});

describe("a text that is no frame is unreadable for good", () => {
  const reading = '"a","temperature",1795348798123456,21.5';
  const frame = (over: Record<string, string>): string => {
    const parts = { at: "1", readings: `[${reading}]`, rejections: "[]", ...over };
    return `{"at":${parts.at},"readings":${parts.readings},"rejections":${parts.rejections}}`;
  };

  test("the frame these are made from is readable", () => {
    expect(decodeFrame(frame({})).readings).toHaveLength(1);
  });

  test.each([
    "",
    "null",
    "7",
    '"text"',
    "[]",
    "{}",
    "not JSON",
    '{"temperature":21.5}',
    '{"readings":[],"rejections":[]}',
    frame({}).slice(0, -1),
    frame({ at: "null" }),
    frame({ at: '"now"' }),
    frame({ at: "1.5" }),
    frame({ readings: "{}" }),
    frame({ readings: '""' }),
    frame({ readings: '"abcd"' }),
    frame({ readings: "null" }),
    frame({ readings: `[${reading},"b"]` }),
    frame({ readings: '["a","temperature","soon",21.5]' }),
    frame({ readings: '["a","temperature",1.5,21.5]' }),
    frame({ readings: '["a","temperature",1,null]' }),
    frame({ readings: '["a","temperature",1,1e999]' }),
    frame({ readings: '[1,"temperature",1,21.5]' }),
    frame({ rejections: "{}" }),
    frame({ rejections: '"abc"' }),
    frame({ rejections: '["abc"]' }),
    frame({ rejections: "[null]" }),
    frame({ rejections: '[{"id":"1"}]' }),
  ])("%s", (foreign) => {
    expect(() => decodeFrame(foreign)).toThrow(
      expect.objectContaining({ code: "FRAME_UNREADABLE", retryable: false }),
    );
  });
});
