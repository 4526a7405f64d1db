import { isDeviceId, isSensorType } from "./reading.ts";
import type { Refusal, RejectionCode } from "./rejection.ts";
import { earliestTimestampUs, parseTimestamp } from "./timestamp.ts";

/** What the decoder must know of the moment and of the limits in force. */
export interface DecodeRules {
  readonly nowUs: number;
  /** A timestamp may be at most this far ahead of `nowUs`. */
  readonly maxFutureUs: number;
  /** Most readings in one message. */
  readonly maxReadings: number;
}

/** Thrown by these functions and caught where the decoding began: a refusal found deep in a body ends it. */
export class Refused {
  readonly refusal: Refusal;
  constructor(code: RejectionCode, reason: string) {
    this.refusal = { code, reason };
  }
}

/** The device a body names, or its topic does. @throws Refused */
export function deviceIdOf(fields: Record<string, unknown>, fromTopic: string | undefined): string {
  const given = fields["device_id"] ?? undefined;
  if (given === undefined) {
    if (fromTopic !== undefined) return fromTopic;
    throw new Refused("DEVICE_ID_MISSING", '"device_id" is missing; name the device that measured');
  }
  // The ancestor took numeric ids as well and kept them as text.
  const deviceId = typeof given === "number" && Number.isSafeInteger(given) ? String(given) : given;
  if (typeof deviceId !== "string" || !isDeviceId(deviceId)) {
    throw new Refused(
      "DEVICE_ID_INVALID",
      `"device_id" must be a text of 1 to 128 characters without / + # or control characters, got ${quoted(given)}`,
    );
  }
  if (fromTopic !== undefined && deviceId !== fromTopic) {
    throw new Refused(
      "DEVICE_ID_MISMATCH",
      `"device_id" ${quoted(deviceId)} differs from the topic's ${quoted(fromTopic)}; publish on the device's own topic`,
    );
  }
  return deviceId;
}

/** The timestamp of a body in microseconds; undefined when it has none. @throws Refused */
export function timestampOf(fields: Record<string, unknown>, rules: DecodeRules): number | undefined {
  const raw = fields["timestamp"];
  if (raw === undefined || raw === null) return undefined;
  const timestampUs = parseTimestamp(raw);
  if (timestampUs === undefined) {
    throw new Refused(
      "TIMESTAMP_INVALID",
      `"timestamp" must be ISO 8601 or an epoch number in s, ms or µs, got ${quoted(raw)}`,
    );
  }
  if (timestampUs > rules.nowUs + rules.maxFutureUs) {
    const aheadSeconds = Math.round((timestampUs - rules.nowUs) / 1e6);
    throw new Refused(
      "TIMESTAMP_IN_FUTURE",
      `"timestamp" is ${aheadSeconds} s ahead; at most ${rules.maxFutureUs / 1e6} s are taken: check the device's clock`,
    );
  }
  if (timestampUs < earliestTimestampUs) {
    throw new Refused(
      "TIMESTAMP_TOO_OLD",
      `"timestamp" ${quoted(raw)} lies before 2000: check the device's clock`,
    );
  }
  return timestampUs;
}

/** A name that can be a sensor type. @throws Refused */
export function sensorTypeOf(raw: unknown): string {
  if (typeof raw === "string" && isSensorType(raw)) return raw;
  throw new Refused(
    "SENSOR_TYPE_INVALID",
    `a sensor type must be a text of 1 to 64 characters without / + # or control characters, got ${quoted(raw)}`,
  );
}

const numberShape = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** A finite number, or a text that is one. @throws Refused */
export function numberOf(raw: unknown, sensorType: string): number {
  const value = typeof raw === "string" && numberShape.test(raw) ? Number(raw) : raw;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (
    typeof raw === "number" ||
    (typeof raw === "string" && /^\s*[+-]?(nan|inf(inity)?|[\d.]+e\d+)\s*$/i.test(raw))
  ) {
    throw notFinite(String(raw), sensorType);
  }
  throw new Refused(
    "VALUE_NOT_A_NUMBER",
    `the value of ${quoted(sensorType)} must be a number, got ${quoted(raw)}`,
  );
}

/** The refusal of NaN and the infinities. */
export function notFinite(raw: string, sensorType?: string): Refused {
  const of = sensorType === undefined ? "the value" : `the value of ${quoted(sensorType)}`;
  return new Refused("VALUE_NOT_FINITE", `${of} must be finite, got ${raw}; leave a missing measurement out`);
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What kind of JSON value this is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

/** A value as part of a sentence: JSON, at most 60 characters. */
export function quoted(value: unknown): string {
  // A deeply nested value overflows the stack of JSON.stringify, though JSON.parse took it.
  if (typeof value === "object") return kindOf(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57).toWellFormed()}...`;
}
