import type { Qos } from "../../platform/broker-commons.ts";

/** A message as brokers pass it on and keep it. */
export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly isRetained: boolean;
  /** Who published it; undefined for the platform itself. */
  readonly clientId: string | undefined;
  /** Of the broker it came in by, and its number there: what tells one message from another. */
  readonly brokerId: string;
  readonly number: number;
}

const lengthBytes = 4;

/** Length of the head, the head as JSON, the payload. */
export function encodeMessage(message: Message): Buffer {
  const { topic, payload, qos, isRetained, clientId, brokerId, number } = message;
  const head = Buffer.from(
    JSON.stringify([topic, qos, isRetained ? 1 : 0, clientId ?? null, brokerId, number]),
  );
  const length = Buffer.allocUnsafe(lengthBytes);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, payload]);
}

/** Undefined for what no broker wrote. Never throws, whatever the bytes. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < lengthBytes) return undefined;
  const end = lengthBytes + buffer.readUInt32BE();
  if (end > buffer.length) return undefined;
  const head = parseJson(buffer.toString("utf8", lengthBytes, end));
  if (!Array.isArray(head)) return undefined;
  const [topic, qos, retained, clientId, brokerId, number]: unknown[] = head;
  if (typeof topic !== "string" || topic === "" || typeof brokerId !== "string") return undefined;
  if (qos !== 0 && qos !== 1 && qos !== 2) return undefined;
  if (typeof number !== "number" || !(clientId === null || typeof clientId === "string")) return undefined;
  const payload = buffer.subarray(end);
  return {
    ...{ topic, payload, qos, isRetained: retained === 1 },
    ...{ clientId: clientId ?? undefined, brokerId, number },
  };
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
