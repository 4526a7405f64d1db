/** What can be wrong with a message; each code is part of the HTTP answers and of the table `rejected`. */
export const rejectionCodes = [
  "TOPIC_UNKNOWN",
  "PAYLOAD_TOO_LARGE",
  "PAYLOAD_EMPTY",
  "PAYLOAD_NOT_UTF8",
  "PAYLOAD_NOT_JSON",
  "PAYLOAD_SHAPE",
  "DEVICE_ID_MISSING",
  "DEVICE_ID_INVALID",
  "DEVICE_ID_MISMATCH",
  "SENSOR_TYPE_INVALID",
  "METRICS_EMPTY",
  "METRICS_TOO_MANY",
  "METRIC_DUPLICATE",
  "VALUE_NOT_A_NUMBER",
  "VALUE_NOT_FINITE",
  "TIMESTAMP_INVALID",
  "TIMESTAMP_IN_FUTURE",
  "TIMESTAMP_TOO_OLD",
  "ANSWER_INVALID",
  "COMMAND_UNKNOWN",
  "FRAME_UNREADABLE",
  "STORE_REFUSED",
] as const;

export type RejectionCode = (typeof rejectionCodes)[number];

/** Why a message was refused: a stable code, and a sentence that names the thing, the limit and the fix. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly reason: string;
}

/** A refused message as an operator finds it again. */
export interface Rejection extends Refusal {
  /** A UUID given where the message was refused, so that a repeated hand-over keeps it once. */
  readonly id: string;
  /** Null when the message names no usable device. */
  readonly deviceId: string | null;
  /** The MQTT topic, or `POST /data`. */
  readonly source: string;
  /** At most `rejectedPayloadLimit` bytes of the payload, as text. */
  readonly payload: string;
  /** Size of the whole payload in bytes. */
  readonly payloadBytes: number;
  /** When it was refused, in microseconds since the epoch. */
  readonly receivedUs: number;
}

/** How much of a refused payload is kept, in bytes. */
export const rejectedPayloadLimit = 4096;

/** The kept part of a payload as text that PostgreSQL can store: cut at 4 kB, NUL and broken UTF-8 replaced. */
function keptPayload(payload: Uint8Array): string {
  return storable(new TextDecoder().decode(payload.subarray(0, rejectedPayloadLimit)));
}

/** What a rejection is made of, beside the refusal. */
export interface RejectedMessage {
  readonly id: string;
  readonly deviceId: string | null;
  readonly source: string;
  readonly payload: Uint8Array;
  /** Where the payload was refused before it was read; else its length. */
  readonly payloadBytes?: number;
  readonly receivedUs: number;
}

/** The rejection of a message, with what of it can be kept. */
export function toRejection(refusal: Refusal, message: RejectedMessage): Rejection {
  return {
    ...refusal,
    id: message.id,
    deviceId: message.deviceId === null ? null : storable(message.deviceId),
    source: keptSource(message.source),
    payload: keptPayload(message.payload),
    payloadBytes: Math.min(message.payloadBytes ?? message.payload.length, largestSize),
    receivedUs: message.receivedUs,
  };
}

/** PostgreSQL's integers end there; what a sender says of its size, such as a Content-Length, does not. */
const largestSize = 2 ** 31 - 1;

const longestSource = 256;

/** The kept part of a topic, likewise. */
function keptSource(topic: string): string {
  return storable(topic.slice(0, longestSource));
}

function storable(text: string): string {
  return text.replaceAll("\u0000", "\uFFFD").toWellFormed();
}
