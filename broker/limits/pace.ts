import { type Flow, TokenBucket } from "../../platform/token-bucket.ts";

/** What a connection may send; undefined is no limit. */
export interface PaceLimits {
  readonly messages: Flow | undefined;
  readonly bytes: Flow | undefined;
}

/** A quarter of a second's worth may come at once: enough for a handful, too little for many senders to stop the broker together. */
const burstSeconds = 0.25;

/** So much a second; 0 is no limit. */
export function flowOf(perSecond: number): Flow | undefined {
  return perSecond > 0 ? { perSecond, burst: Math.max(1, perSecond * burstSeconds) } : undefined;
}

/** Shortest time to hold, so that a fast connection is not woken for every packet. */
const leastHoldMs = 50;
/** PUBLISH, SUBSCRIBE, UNSUBSCRIBE and PINGREQ. The answers to what we send are not counted: a reader is not to read slower for them. */
const counted = new Set([3, 8, 10, 12]);
/** MQTT 3.1.1 §2.2.3: the remaining length has at most four bytes. */
const longestLengthBytes = 4;

/**
 * Says how many of a connection's bytes may be passed on now. Walks along the packets by their lengths alone. What is no MQTT is
 * passed on as one packet, for the next in line to refuse.
 */
export class Pace {
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  /** Bytes of the packet in hand that are still to come, once its length is known. */
  #left = 0;
  /** Bytes of the length field seen; undefined outside of it. */
  #lengthBytes: number | undefined;
  #length = 0;
  #lacksMessages = false;

  constructor({ messages, bytes }: PaceLimits, nowMs: number) {
    if (messages !== undefined) this.#messages = new TokenBucket(messages, nowMs);
    if (bytes !== undefined) this.#bytes = new TokenBucket(bytes, nowMs);
  }

  /** Why the last bytes were not all passed. */
  get cause(): "message_rate" | "byte_rate" {
    return this.#lacksMessages ? "message_rate" : "byte_rate";
  }

  /** How many of these bytes, counted from the first one, may pass; they are taken as passed. */
  pass(bytes: Uint8Array, nowMs: number): number {
    const room = Math.min(bytes.length, Math.floor(this.#bytes?.level(nowMs) ?? bytes.length));
    let at = 0;
    this.#lacksMessages = false;
    while (at < room && !this.#lacksMessages) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, room - at);
        this.#left -= step;
        at += step;
      } else if (this.#lengthBytes !== undefined) {
        this.#readLength(bytes[at] ?? 0);
        at += 1;
      } else if (this.#begin(bytes[at] ?? 0, nowMs)) {
        at += 1;
      }
    }
    this.#bytes?.spend(at);
    return at;
  }

  /** How long to wait before asking again. */
  waitMs(nowMs: number): number {
    const bucket = this.#lacksMessages ? this.#messages : this.#bytes;
    return Math.max(leastHoldMs, bucket?.waitMs(1, nowMs) ?? 0);
  }

  #begin(header: number, nowMs: number): boolean {
    const isCounted = this.#messages !== undefined && counted.has(header >> 4);
    if (isCounted && !this.#messages.take(nowMs)) {
      this.#lacksMessages = true;
      return false;
    }
    this.#lengthBytes = 0;
    this.#length = 0;
    return true;
  }

  #readLength(byte: number): void {
    const seen = this.#lengthBytes ?? 0;
    this.#length += (byte & 127) * 128 ** seen;
    if (byte < 128) {
      this.#left = this.#length;
      this.#lengthBytes = undefined;
    } else if (seen + 1 === longestLengthBytes) {
      this.#left = Number.POSITIVE_INFINITY;
      this.#lengthBytes = undefined;
    } else this.#lengthBytes = seen + 1;
  }
}
