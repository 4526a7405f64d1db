import { isDeviceId, isSensorType, type Reading } from "./reading.ts";
import type { Refusal, RejectionCode } from "./rejection.ts";
import { earliestTimestampUs, parseTimestamp } from "./timestamp.ts";

/** What one message holds. Readings that were sent together share an entry of `samples`. */
export type Decoded =
  | { readonly kind: "accepted"; readonly samples: readonly Sample[] }
  | { readonly kind: "rejected"; readonly deviceId: string | null; readonly refusal: Refusal };

/** One moment of one device: every metric in it has the same timestamp, given or yet to be given. */
export interface Sample {
  readonly deviceId: string;
  /** Undefined: the moment of arrival. */
  readonly timestampUs: number | undefined;
  readonly metrics: readonly Metric[];
}

export interface Metric {
  readonly sensorType: string;
  readonly value: number;
}

/** What the decoder must know of the moment and of the limits in force. */
export interface DecodeRules {
  readonly nowUs: number;
  /** A timestamp may be at most this far ahead of `nowUs`. */
  readonly maxFutureUs: number;
  /** Most readings in one message. */
  readonly maxReadings: number;
}

/** Where a message came from: the device and sensor type its topic names, if it has one. */
export interface Origin {
  readonly deviceId: string | undefined;
  readonly sensorType: string | undefined;
}

/** Thrown and caught inside this file only: a refusal found deep in a body ends the decoding. */
class Refused {
  readonly refusal: Refusal;
  constructor(code: RejectionCode, reason: string) {
    this.refusal = { code, reason };
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Decodes the payload of a telemetry message. Total: whatever the bytes, the answer is a value. */
export function decodePayload(payload: Uint8Array, origin: Origin, rules: DecodeRules): Decoded {
  return guarded(origin, () => {
    const body = parseJson(textOf(payload));
    if (origin.sensorType !== undefined && !Array.isArray(body)) {
      return [bareSample(body, origin.deviceId, origin.sensorType, rules)];
    }
    return samplesOf(body, origin, rules);
  });
}

/** Decodes a body that is JSON already, as `POST /data` has it. */
export function decodeBody(body: unknown, rules: DecodeRules): Decoded {
  const origin = { deviceId: undefined, sensorType: undefined };
  return guarded(origin, () => samplesOf(body, origin, rules));
}

/** The readings of a sample; `arrivalUs` is the moment of those without a timestamp of their own. */
export function toReadings(sample: Sample, arrivalUs: number): Reading[] {
  const timestampUs = sample.timestampUs ?? arrivalUs;
  return sample.metrics.map(({ sensorType, value }) => ({
    deviceId: sample.deviceId,
    sensorType,
    timestampUs,
    value,
  }));
}

function guarded(origin: Origin, decode: () => Sample[]): Decoded {
  try {
    const samples = decode();
    refuseDuplicates(samples);
    return { kind: "accepted", samples };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: "rejected", deviceId: origin.deviceId ?? null, refusal: error.refusal };
  }
}

function textOf(payload: Uint8Array): string {
  if (payload.length === 0) {
    throw new Refused("PAYLOAD_EMPTY", "the payload is empty; send a number or a JSON object");
  }
  try {
    return utf8.decode(payload);
  } catch {
    throw new Refused("PAYLOAD_NOT_UTF8", "the payload is not valid UTF-8; send JSON text");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/^\s*[+-]?(nan|inf(inity)?)\s*$/i.test(text)) throw notFinite(text.trim());
    throw new Refused(
      "PAYLOAD_NOT_JSON",
      `the payload is not JSON (NaN and Infinity are not either): ${quoted(text)}`,
    );
  }
}

function samplesOf(body: unknown, origin: Origin, rules: DecodeRules): Sample[] {
  const samples = Array.isArray(body)
    ? body.map((element) => sampleOf(element, origin, rules))
    : [sampleOf(body, origin, rules)];
  if (samples.length === 0)
    throw new Refused("METRICS_EMPTY", "the array is empty; send at least one reading");
  const readings = samples.reduce((sum, sample) => sum + sample.metrics.length, 0);
  if (readings > rules.maxReadings) {
    throw new Refused(
      "METRICS_TOO_MANY",
      `${readings} readings in one message; at most ${rules.maxReadings} are taken`,
    );
  }
  return samples;
}

function sampleOf(element: unknown, origin: Origin, rules: DecodeRules): Sample {
  if (origin.sensorType !== undefined) return bareSample(element, origin.deviceId, origin.sensorType, rules);
  if (!isRecord(element)) {
    throw new Refused(
      "PAYLOAD_SHAPE",
      `expected an object such as {"temperature":21.4} or {"metrics":[...]}, got ${kindOf(element)}`,
    );
  }
  const deviceId = deviceIdOf(element, origin.deviceId);
  const timestampUs = timestampOf(element, rules);
  const metrics = "metrics" in element ? listedMetrics(element["metrics"]) : flatMetrics(element);
  return { deviceId, timestampUs, metrics };
}

/** `devices/{id}/telemetry/{type}`: a bare number, or an object with `value` and perhaps `timestamp`. */
function bareSample(
  body: unknown,
  deviceId: string | undefined,
  sensorType: string,
  rules: DecodeRules,
): Sample {
  const fields = isRecord(body) ? body : { value: body };
  if (!("value" in fields)) {
    throw new Refused(
      "PAYLOAD_SHAPE",
      'expected a number or {"value":number,"timestamp":...}; "value" is missing',
    );
  }
  return {
    deviceId: deviceIdOf(fields, deviceId),
    timestampUs: timestampOf(fields, rules),
    metrics: [{ sensorType, value: numberOf(fields["value"], sensorType) }],
  };
}

function deviceIdOf(fields: Record<string, unknown>, fromTopic: string | undefined): string {
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

function timestampOf(fields: Record<string, unknown>, rules: DecodeRules): number | undefined {
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

function listedMetrics(listed: unknown): Metric[] {
  if (!Array.isArray(listed)) {
    throw new Refused(
      "PAYLOAD_SHAPE",
      `"metrics" must be an array of {"type","value"}, got ${kindOf(listed)}`,
    );
  }
  if (listed.length === 0) throw new Refused("METRICS_EMPTY", '"metrics" is empty; send at least one metric');
  return listed.map((metric: unknown) => {
    if (!isRecord(metric) || !("type" in metric) || !("value" in metric)) {
      throw new Refused("PAYLOAD_SHAPE", `each of "metrics" must be {"type","value"}, got ${quoted(metric)}`);
    }
    const sensorType = sensorTypeOf(metric["type"]);
    return { sensorType, value: numberOf(metric["value"], sensorType) };
  });
}

function flatMetrics(fields: Record<string, unknown>): Metric[] {
  const metrics: Metric[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (key === "device_id" || key === "timestamp") continue;
    const sensorType = sensorTypeOf(key);
    metrics.push({ sensorType, value: numberOf(value, sensorType) });
  }
  if (metrics.length === 0) {
    throw new Refused("METRICS_EMPTY", 'no reading in the message; send for instance {"temperature":21.4}');
  }
  return metrics;
}

function sensorTypeOf(raw: unknown): string {
  if (typeof raw === "string" && isSensorType(raw)) return raw;
  throw new Refused(
    "SENSOR_TYPE_INVALID",
    `a sensor type must be a text of 1 to 64 characters without / + # or control characters, got ${quoted(raw)}`,
  );
}

const numberShape = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

function numberOf(raw: unknown, sensorType: string): number {
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

function notFinite(raw: string, sensorType?: string): Refused {
  const of = sensorType === undefined ? "the value" : `the value of ${quoted(sensorType)}`;
  return new Refused("VALUE_NOT_FINITE", `${of} must be finite, got ${raw}; leave a missing measurement out`);
}

/** Two values for one (device, sensor, moment) cannot both be kept; storing one silently would lose the other. */
function refuseDuplicates(samples: readonly Sample[]): void {
  const seen = new Set<string>();
  for (const [index, sample] of samples.entries()) {
    // Samples without a timestamp are told apart by their arrival times, so they can only repeat within themselves.
    const moment = sample.timestampUs ?? `arrival ${index}`;
    for (const { sensorType } of sample.metrics) {
      const key = `${sample.deviceId}/${moment}/${sensorType}`;
      if (seen.has(key)) {
        throw new Refused(
          "METRIC_DUPLICATE",
          `${quoted(sensorType)} stands twice for the same device and moment; send each once`,
        );
      }
      seen.add(key);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

/** A value as part of a sentence: JSON, at most 60 characters. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
