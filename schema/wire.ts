import {
  type DecodeRules,
  deviceIdOf,
  isRecord,
  kindOf,
  notFinite,
  numberOf,
  quoted,
  Refused,
  sensorTypeOf,
  timestampOf,
} from "./fields.ts";
import type { Reading } from "./reading.ts";
import type { Refusal } from "./rejection.ts";

export type { DecodeRules } from "./fields.ts";

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

/** Where a message came from: the device and sensor type its topic names, if it has one. */
export interface Origin {
  readonly deviceId: string | undefined;
  readonly sensorType: string | undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Decodes the payload of a telemetry message. Total: whatever the bytes, the answer is a value. */
export function decodePayload(payload: Uint8Array, origin: Origin, rules: DecodeRules): Decoded {
  try {
    const samples = samplesOf(parseJson(textOf(payload)), origin, rules);
    refuseDuplicates(samples);
    return { kind: "accepted", samples };
  } catch (error) {
    return { kind: "rejected", deviceId: origin.deviceId ?? null, refusal: refusalOf(error) };
  }
}

/**
 * The readings of the samples of a message, oldest first, whatever the order in which they were sent: a detector learns nothing from what is
 * older than what it has seen. `arrivalUs` is the moment of the first without a timestamp of its own.
 */
export function toReadings(samples: readonly Sample[], arrivalUs: number): Reading[] {
  let nextUs = arrivalUs;
  let newestUs = Number.NEGATIVE_INFINITY;
  let isInOrder = true;
  const readings: Reading[] = [];
  for (const { deviceId, timestampUs = nextUs++, metrics } of samples) {
    if (timestampUs < newestUs) isInOrder = false;
    newestUs = timestampUs;
    for (const { sensorType, value } of metrics) readings.push({ deviceId, sensorType, timestampUs, value });
  }
  return isInOrder ? readings : readings.sort((a, b) => a.timestampUs - b.timestampUs);
}

/** Why a payload of so many bytes is not read, or undefined. */
export function refusalOfSize(payloadBytes: number, maxPayloadBytes: number): Refusal | undefined {
  if (payloadBytes <= maxPayloadBytes) return undefined;
  const reason = `the payload has ${payloadBytes} bytes; at most ${maxPayloadBytes} are taken (MAX_PACKET_BYTES)`;
  return { code: "PAYLOAD_TOO_LARGE", reason };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  // The one other thing hostile JSON can do: nest deeper than the stack.
  if (error instanceof RangeError) {
    return { code: "PAYLOAD_SHAPE", reason: "the payload is nested too deeply; send a flat object" };
  }
  throw error;
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
  if (origin.sensorType !== undefined)
    return bareSample(element, { ...origin, sensorType: origin.sensorType }, rules);
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
  { deviceId, sensorType }: Origin & { readonly sensorType: string },
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

/** Two values for one (device, sensor, moment) cannot both be kept; storing one silently would lose the other. */
function refuseDuplicates(samples: readonly Sample[]): void {
  // Most messages hold one reading, which has nothing to repeat.
  if (samples.length === 1 && samples[0]?.metrics.length === 1) return;
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
