import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";
import { PlatformError } from "./errors.ts";
import type { Frame, FrameContent } from "./ports.ts";

/** A frame as text: readings as one flat array, since four values a reading are half the bytes of four named fields. */
interface WireFrame {
  readonly from: string;
  readonly number: number;
  readonly at: number;
  readonly readings: readonly (string | number)[];
  readonly rejections: readonly Rejection[];
}

// A rejection holds up to 4 kB of payload, a reading about 200 bytes.
const readingsARejection = 20;

/** How much memory a frame takes, in readings. */
export function weightOf(frame: Pick<FrameContent, "readings" | "rejections">): number {
  return frame.readings.length + readingsARejection * frame.rejections.length;
}

/** What the ledger counts of a frame. */
export function countOf(frame: Pick<FrameContent, "readings" | "rejections">): number {
  return frame.readings.length + frame.rejections.length;
}

/** The text of a frame. */
export function encodeFrame(frame: Frame): Buffer {
  const readings: (string | number)[] = [];
  for (const { deviceId, sensorType, timestampUs, value } of frame.readings) {
    readings.push(deviceId, sensorType, timestampUs, value);
  }
  const { origin, sequence, receivedUs, rejections } = frame;
  const wire: WireFrame = { from: origin, number: sequence, at: receivedUs, readings, rejections };
  return Buffer.from(JSON.stringify(wire));
}

/**
 * The frame of a text.
 * @throws PlatformError FRAME_UNREADABLE, not retryable, when this text was not written by `encodeFrame`.
 */
export function decodeFrame(bytes: Buffer): Frame {
  try {
    // What comes back was written by encodeFrame of a broker; a foreign writer fails the checks below.
    const { from, number, at, readings, rejections } = JSON.parse(bytes.toString("utf8")) as WireFrame;
    if (
      typeof from !== "string" ||
      !Number.isSafeInteger(number) ||
      !Number.isSafeInteger(at) ||
      !Array.isArray(readings) ||
      !rejections.every(isRejection)
    ) {
      throw new TypeError("a frame is an instant, readings and rejections");
    }
    return {
      origin: from,
      sequence: number,
      receivedUs: at,
      readings: toReadings(readings),
      rejections: [...rejections],
    };
  } catch (cause) {
    throw new PlatformError("FRAME_UNREADABLE", "a stream entry is not a frame of readings", {
      cause,
      retryable: false,
    });
  }
}

function toReadings(flat: readonly unknown[]): Reading[] {
  const readings: Reading[] = [];
  for (let index = 0; index < flat.length; index += 4) {
    const deviceId = flat[index];
    const sensorType = flat[index + 1];
    const timestampUs = flat[index + 2];
    const value = flat[index + 3];
    if (
      typeof deviceId !== "string" ||
      typeof sensorType !== "string" ||
      typeof timestampUs !== "number" ||
      typeof value !== "number" ||
      !Number.isSafeInteger(timestampUs) ||
      !Number.isFinite(value)
    ) {
      throw new TypeError("a reading is a text, a text, a number and a number");
    }
    readings.push({ deviceId, sensorType, timestampUs, value });
  }
  return readings;
}

/** Enough to be stored: one that the database refuses would hold up its shard for ever. */
function isRejection(item: unknown): boolean {
  if (typeof item !== "object" || item === null) return false;
  // Every field is looked at below.
  const { id, code, reason, deviceId, source, payload, payloadBytes, receivedUs } =
    item as Partial<Rejection>;
  return (
    /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(String(id)) &&
    [code, reason, source, payload].every((text) => typeof text === "string") &&
    (deviceId === null || typeof deviceId === "string") &&
    [payloadBytes, receivedUs].every((number) => Number.isSafeInteger(number))
  );
}
