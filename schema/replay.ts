import { type Reading, shardOf } from "./reading.ts";
import { type Refusal, type Rejection, rejectedPayloadLimit } from "./rejection.ts";
import { parseTopic } from "./topics.ts";
import { type DecodeRules, decodePayload, type Origin, refusalOfSize, toReadings } from "./wire.ts";

/** The limits a kept message is held against when it is decoded anew: those of the broker, now. */
export interface ReplayRules extends DecodeRules {
  readonly maxPayloadBytes: number;
}

/** Why no decoder can ever bring a kept message back. */
export interface Obstacle {
  readonly code: "REJECTION_CUT" | "REJECTION_ALTERED" | "REJECTION_NOT_TELEMETRY";
  readonly reason: string;
}

/** What comes of a rejection that is decoded anew. */
export type Replay =
  | { readonly kind: "readings"; readonly readings: readonly Reading[] }
  /** It is still wrong, by the limits and the clock of this moment. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "impossible"; readonly obstacle: Obstacle };

/**
 * Decodes what was kept of a refused message anew. Samples without a timestamp get the moment of the refusal, a microsecond
 * apart, and never that of the replay: whoever replays twice then makes the same readings twice, and they are stored once.
 */
export function decodeAgain(rejection: Rejection, rules: ReplayRules): Replay {
  const obstacle = obstacleOf(rejection);
  if (obstacle !== undefined) return { kind: "impossible", obstacle };
  const origin = originOf(rejection);
  if (origin === undefined) {
    const reason =
      "nothing is stored from this topic; the device must publish on devices/{device_id}/telemetry";
    return { kind: "refused", refusal: { code: "TOPIC_UNKNOWN", reason } };
  }
  const refusal = refusalOfSize(rejection.payloadBytes, rules.maxPayloadBytes);
  if (refusal !== undefined) return { kind: "refused", refusal };
  const decoded = decodePayload(new TextEncoder().encode(rejection.payload), origin, rules);
  if (decoded.kind === "rejected") return { kind: "refused", refusal: decoded.refusal };
  return { kind: "readings", readings: toReadings(decoded.samples, rejection.receivedUs) };
}

/** The readings by the shard they belong to. */
export function byShard(
  readings: readonly Reading[],
  shards: number,
): ReadonlyMap<number, readonly Reading[]> {
  const parts = new Map<number, Reading[]>();
  for (const reading of readings) {
    const shard = shardOf(reading.deviceId, shards);
    const part = parts.get(shard);
    if (part === undefined) parts.set(shard, [reading]);
    else part.push(reading);
  }
  return parts;
}

/** Whether the message was longer than what is kept of it. */
export function isCut({ code, payload, payloadBytes }: Rejection): boolean {
  // Of an oversize body over HTTP nothing is kept, and its size only if the client said it.
  return payloadBytes > rejectedPayloadLimit || (code === "PAYLOAD_TOO_LARGE" && payload === "");
}

const replacement = "\uFFFD";

function obstacleOf(rejection: Rejection): Obstacle | undefined {
  const { code, source, payload } = rejection;
  if (code === "FRAME_UNREADABLE") {
    const reason =
      "this was no message of a device but a stray entry of the stream; it can only be discarded";
    return { code: "REJECTION_NOT_TELEMETRY", reason };
  }
  if (code === "COMMAND_UNKNOWN") {
    const reason = "this was an answer to a command, which nobody waits for; it can only be discarded";
    return { code: "REJECTION_NOT_TELEMETRY", reason };
  }
  if (isCut(rejection)) {
    const reason = `it was longer than what is kept of a message (${rejectedPayloadLimit} bytes); only its device can send it again`;
    return { code: "REJECTION_CUT", reason };
  }
  // NUL and broken UTF-8 were replaced when it was kept. Inside a text that can make JSON valid that was not, or name a device that
  // nobody has, so what was altered is never read. A sender's own U+FFFD cannot be told from ours.
  if (code === "PAYLOAD_NOT_UTF8" || payload.includes(replacement) || source.includes(replacement)) {
    const reason = "bytes that are no text were replaced when it was kept, so it is not what the device sent";
    return { code: "REJECTION_ALTERED", reason };
  }
  return undefined;
}

/** What its source says of the device, or undefined when nothing is stored from there. */
function originOf({ code, source }: Rejection): Origin | undefined {
  // A client may name a topic like one of our own doors. Such a topic is always refused as unknown, and the doors never are.
  if (code !== "TOPIC_UNKNOWN" && (source === "POST /data" || source === "stream")) {
    return { deviceId: undefined, sensorType: undefined };
  }
  const topic = parseTopic(source);
  return topic.kind === "telemetry" ? topic : undefined;
}
