import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reading } from "../../schema/reading.ts";
import { type Rejection, rejectionCodes } from "../../schema/rejection.ts";
import { PlatformError } from "../errors.ts";
import type { Frame } from "../ports.ts";
import { countOf, decodeFrame, encodeFrame, weightOf } from "./frame.ts";
import { at, headerBytes } from "./frame-layout.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme-ascii" }),
  fc.constantFrom("büro 3", "__proto__", "測定-1", "😀", '"\\', "\ud800", "\u0000", ""),
);
const instant = fc.oneof(
  fc.maxSafeNat(),
  // Of one moment, as those of a frame are.
  fc.nat(5_000_000).map((us) => 1_795_348_798_123_456 + us),
  fc.constantFrom(0, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER),
);
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1 + 0.2),
);
const rejection: fc.Arbitrary<Rejection> = fc.record({
  id: fc.uuid(),
  code: fc.constantFrom(...rejectionCodes),
  reason: text,
  deviceId: fc.option(text),
  source: text,
  payload: text,
  payloadBytes: fc.nat(),
  receivedUs: instant,
});
const frames: fc.Arbitrary<Frame> = fc
  .record({
    origin: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 64 }),
    sequence: fc.maxSafeNat().map((number) => Math.max(1, number)),
    receivedUs: instant,
    readings: fc.array(fc.record({ deviceId: text, sensorType: text, timestampUs: instant, value })),
    rejections: fc.array(rejection, { maxLength: 3 }),
  })
  // fast-check makes records without a prototype.
  .map((made) => structuredClone(made));

function frame(over: Partial<Frame> = {}): Frame {
  return {
    origin: "broker-1",
    sequence: 7,
    receivedUs: 1_795_348_798_200_000,
    readings: [reading(), reading({ sensorType: "humidity", value: 48.25 })],
    rejections: [],
    ...over,
  };
}

function reading(over: Partial<Reading> = {}): Reading {
  return {
    deviceId: "press-07-line-3",
    sensorType: "temperature",
    timestampUs: 1_795_348_798_123_456,
    value: 21.5,
    ...over,
  };
}

const refused: Rejection = {
  id: "6f0d3a52-7d0c-4b0e-9a53-0f6d6c1a2b3c",
  code: "PAYLOAD_NOT_JSON",
  reason: "the payload is not JSON: “büro” ends at 4",
  deviceId: null,
  source: "devices/büro 3/telemetry",
  payload: '{"ä": 😀\u2028\\',
  payloadBytes: 11,
  receivedUs: 1_795_348_798_123_456,
};

/** The bytes of a frame, changed. */
function altered(change: (bytes: Buffer) => void): Buffer {
  const bytes = encodeFrame(frame());
  change(bytes);
  return bytes;
}

/** What is wrong with these bytes, or undefined when they are a frame; throws what a caller would not expect. */
function faultOf(bytes: Buffer): string | undefined {
  try {
    const { origin, sequence, receivedUs, readings } = decodeFrame(bytes);
    expect(origin).toMatch(/^[ -~]{1,64}$/);
    expect(sequence).toBeGreaterThanOrEqual(1);
    const instants = [receivedUs, ...readings.map(({ timestampUs }) => timestampUs)];
    expect(instants.every(Number.isSafeInteger)).toBe(true);
    expect(readings.every((item) => Number.isFinite(item.value) && typeof item.sensorType === "string")).toBe(
      true,
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    expect(error.retryable).toBe(error.code === "FRAME_TOO_NEW");
    return error.code;
  }
}

describe("a frame comes back from its bytes as it was", () => {
  test("whatever it holds", () => {
    fc.assert(
      fc.property(frames, (original) => {
        expect(decodeFrame(encodeFrame(original))).toEqual(original);
      }),
    );
  });

  test("wherever in a longer buffer its bytes lie", () => {
    const sent = frame({ readings: [reading({ deviceId: "測定-1" })], rejections: [refused] });
    for (let shift = 0; shift < 9; shift += 1) {
      const around = Buffer.concat([Buffer.alloc(shift, 0xff), encodeFrame(sent), Buffer.alloc(3, 0xff)]);
      expect(decodeFrame(around.subarray(shift, around.length - 3))).toEqual(sent);
    }
  });

  test.each([[[]], [[refused, { ...refused, deviceId: "büro 3" }]]])("without readings", (rejections) => {
    const sent = frame({ readings: [], rejections });
    expect(decodeFrame(encodeFrame(sent))).toEqual(sent);
  });

  test("with a negative zero", () => {
    const [back] = decodeFrame(encodeFrame(frame({ readings: [reading({ value: -0 })] }))).readings;
    expect(back?.value).toBe(-0);
  });

  test.each([255, 256, 257, 65_536, 65_537])("with %d devices", (count) => {
    const readings = Array.from({ length: count }, (_, index) => reading({ deviceId: `d${index}` }));
    const back = decodeFrame(encodeFrame(frame({ readings }))).readings;
    expect(back).toHaveLength(count);
    expect(back.every(({ deviceId }, index) => deviceId === `d${index}`)).toBe(true);
  });

  test.each([0xffff_ffff, 0x1_0000_0000])("with timestamps %d microseconds apart", (span) => {
    const readings = [reading({ timestampUs: 1000 + span }), reading({ timestampUs: 1000 })];
    expect(decodeFrame(encodeFrame(frame({ readings }))).readings).toEqual(readings);
  });
});

test("a name is written once, however many readings have it", () => {
  const readings = Array.from({ length: 100 }, () => reading());
  const bytes = encodeFrame(frame({ readings }));
  expect(bytes.toString("latin1").split("press-07-line-3")).toHaveLength(2);
});

test.each(["", "bröker", "a\nb", "x".repeat(65)])("an origin that no broker has is refused: %j", (origin) => {
  expect(() => encodeFrame(frame({ origin }))).toThrow(RangeError);
});

test("a name too long for its length field is refused", () => {
  const readings = [reading({ deviceId: "x".repeat(65_536) })];
  expect(() => encodeFrame(frame({ readings }))).toThrow(RangeError);
});

describe("bytes that are no frame are unreadable for good", () => {
  const unreadable = expect.objectContaining({ code: "FRAME_UNREADABLE", retryable: false });

  test("cut at any length", () => {
    for (const whole of [frame(), frame({ rejections: [refused] }), frame({ readings: [] })]) {
      const bytes = encodeFrame(whole);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => decodeFrame(bytes.subarray(0, length)), `${length} bytes`).toThrow(unreadable);
      }
    }
  });

  test("with something behind the end", () => {
    expect(() => decodeFrame(Buffer.concat([encodeFrame(frame()), Buffer.alloc(1)]))).toThrow(unreadable);
  });

  test("of any kind", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(faultOf(Buffer.from(bytes))).toBe("FRAME_UNREADABLE");
      }),
    );
  });

  test("of any kind behind the first bytes of a frame", () => {
    const beginning = encodeFrame(frame()).subarray(0, at.form);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(faultOf(Buffer.concat([beginning, bytes]))).toBe("FRAME_UNREADABLE");
      }),
    );
  });

  test.each([
    "",
    "null",
    "[]",
    "{}",
    "not bytes",
    '{"at":1,"readings":[],"rejections":[]}',
    "\u00f5TMF\u0001",
  ])("the text %j", (foreign) => {
    expect(() => decodeFrame(Buffer.from(foreign))).toThrow(unreadable);
  });

  const end = encodeFrame(frame()).length;
  const dataBytes = 2 * (1 + 1 + 4 + 8);
  test.each<[string, (bytes: Buffer) => void]>([
    ["another beginning", (bytes) => bytes.writeUInt8(0x7b, at.magic)],
    ["a version that never was", (bytes) => bytes.writeUInt8(0, at.version)],
    ["an unknown form", (bytes) => bytes.writeUInt8(4, at.form)],
    ["another form", (bytes) => bytes.writeUInt8(2, at.form)],
    ["an instant that is no number", (bytes) => bytes.writeDoubleLE(Number.NaN, at.receivedUs)],
    ["an instant between two microseconds", (bytes) => bytes.writeDoubleLE(1.5, at.receivedUs)],
    ["number 0", (bytes) => bytes.writeDoubleLE(0, at.sequence)],
    ["number 1.5", (bytes) => bytes.writeDoubleLE(1.5, at.sequence)],
    ["a number beyond the safe ones", (bytes) => bytes.writeDoubleLE(2 ** 53, at.sequence)],
    ["timestamps between two microseconds", (bytes) => bytes.writeDoubleLE(1.5, at.earliestUs)],
    ["timestamps beyond the safe ones", (bytes) => bytes.writeDoubleLE(2 ** 53, at.earliestUs)],
    ["more readings than there are", (bytes) => bytes.writeUInt32LE(0xffff_ffff, at.readings)],
    ["more devices than there are", (bytes) => bytes.writeUInt32LE(0xffff_ffff, at.devices)],
    ["more sensors than there are", (bytes) => bytes.writeUInt32LE(0xffff_ffff, at.sensors)],
    ["more rejections than there are", (bytes) => bytes.writeUInt32LE(0xffff_ffff, at.rejectionBytes)],
    ["an origin without characters", (bytes) => emptyOrigin(bytes)],
    ["a name longer than the frame", (bytes) => bytes.writeUInt16LE(0xffff, headerBytes)],
    ["an origin that cannot be stored", (bytes) => bytes.writeUInt8(0, bytes.indexOf("broker-1"))],
    ["the place of no device", (bytes) => bytes.writeUInt8(1, end - dataBytes)],
    ["the place of no sensor", (bytes) => bytes.writeUInt8(2, end - dataBytes + 2)],
    ["a value that is no number", (bytes) => bytes.writeDoubleLE(Number.NaN, end - 8)],
    ["a value without end", (bytes) => bytes.writeDoubleLE(Number.POSITIVE_INFINITY, end - 8)],
  ])("with %s", (_, change) => {
    expect(() => decodeFrame(altered(change))).toThrow(unreadable);
  });

  /** Gives the origin's characters to the device behind it, so that all lengths still add up. */
  function emptyOrigin(bytes: Buffer): void {
    bytes.writeUInt16LE(0, headerBytes);
    bytes.writeUInt16LE("broker-1press-07-line-3".length, headerBytes + 2);
  }

  test.each<[string, unknown]>([
    ["no JSON", undefined],
    ["a number", 1],
    ["a text", "abc"],
    ["an object", {}],
    ["nothing", null],
    ["a list of texts", ["abc"]],
    ["a list of nothing", [null]],
    ["fields missing", [{ id: refused.id }]],
    ["an id that is no UUID", [{ ...refused, id: "1" }]],
    ["a reason that is a number", [{ ...refused, reason: 1 }]],
    ["no device", [{ ...refused, deviceId: undefined }]],
    ["a payload that is a list", [{ ...refused, payload: [] }]],
    ["a size that is no whole number", [{ ...refused, payloadBytes: 1.5 }]],
    ["an instant that is a text", [{ ...refused, receivedUs: "now" }]],
  ])("with %s for rejections", (_, rejections) => {
    expect(() => decodeFrame(withRejections(JSON.stringify(rejections)))).toThrow(unreadable);
  });

  function withRejections(json: string | undefined): Buffer {
    const rejections = Buffer.from(json ?? "not JSON");
    const bytes = Buffer.concat([encodeFrame(frame()), rejections]);
    bytes.writeUInt32LE(rejections.length, at.rejectionBytes);
    return bytes;
  }
});

test("a bit that flips gives another frame or a known error, never a crash", () => {
  for (const whole of [
    frame({ rejections: [refused] }),
    frame({ readings: [reading({ deviceId: "測定😀" })] }),
  ]) {
    const bytes = encodeFrame(whole);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([undefined, "FRAME_UNREADABLE", "FRAME_TOO_NEW"]).toContain(faultOf(flipped));
    }
  }
});

describe("a frame of a newer version waits for a newer program", () => {
  test.each([2, 255])("version %d", (version) => {
    const bytes = altered((all) => all.writeUInt8(version, at.version));
    const tooNew = expect.objectContaining({ code: "FRAME_TOO_NEW", retryable: true });
    expect(() => decodeFrame(bytes)).toThrow(tooNew);
    expect(() => decodeFrame(bytes.subarray(0, at.form))).toThrow(tooNew);
  });
});

test("a frame counts its rejections like readings, and weighs them for the memory they take", () => {
  const mixed = frame({ rejections: [refused, refused] });
  expect(countOf(mixed)).toBe(4);
  expect(weightOf(mixed)).toBeGreaterThan(countOf(mixed));
});
