import { packetType, violationOfBody, violationOfType } from "./packet-rules.ts";
import { type Violation, violation } from "./violation.ts";

export interface GateLimits {
  /** Of the CONNECT packet, with its header. */
  readonly maxConnectBytes: number;
  /** Of one SUBSCRIBE or UNSUBSCRIBE; 0 is no limit. */
  readonly maxFilters: number;
  /** Of every later packet, with its header. */
  readonly maxPacketBytes: number;
}

/** What becomes of a chunk: the bytes that may pass now, whole packets all of them, and why nothing may pass any more. */
export interface Passage {
  readonly bytes: Buffer | undefined;
  readonly violation: Violation | undefined;
}

/** How far a conversation has come. */
type Stage =
  /** Nothing but a CONNECT is right. */
  | "greeting"
  /** CONNECT has passed and was not answered yet. */
  | "answering"
  | "open"
  /** DISCONNECT has passed. */
  | "left"
  /** Something was violated. */
  | "shut";

const notConnect = violation("connect-first", "MQTT-3.1.0-1", "the first packet is not CONNECT");
const secondConnect = violation("connect-once", "MQTT-3.1.0-2", "CONNECT comes a second time");
const tooManyLengthBytes = violation(
  "remaining-length",
  "§2.2.3",
  "a remaining length has more than four bytes",
);
const afterDisconnect = violation("after-disconnect", "MQTT-3.14.4-2", "something follows DISCONNECT");

const nothing: Passage = { bytes: undefined, violation: undefined };
const noBytes = Buffer.alloc(0);

/**
 * Lets the bytes of one client pass, packet by whole packet, as long as they are MQTT 3.1 or 3.1.1, and nothing from the first
 * violation on. What passes does not depend on where the chunks were cut. Nothing that follows CONNECT passes before its answer
 * (MQTT-3.1.4-5 forbids to process it when the answer is no). A chunk of whole packets passes as it is, uncopied.
 */
export class FrameGate {
  readonly #limits: GateLimits;
  #stage: Stage = "greeting";
  #violation: Violation | undefined;
  /** What has come and may not pass yet, in the first bytes of a buffer that may be larger. */
  #kept = noBytes;
  #keptBytes = 0;
  /** How many bytes must be there before it is worth looking at them. */
  #needed = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** Takes what has come. While `isAnswering` it only keeps it, so whoever reads should let the rest wait outside. */
  take(chunk: Buffer): Passage {
    if (this.#stage === "shut") return nothing;
    if (this.#keptBytes === 0 && this.#stage !== "answering") return this.#look(chunk);
    this.#keep(chunk);
    if (this.#stage === "answering" || this.#keptBytes < this.#needed) return nothing;
    const bytes = this.#kept.subarray(0, this.#keptBytes);
    this.#kept = noBytes;
    this.#keptBytes = 0;
    return this.#look(bytes);
  }

  /** CONNECT was answered with yes: what follows it may pass, with the next `take`. */
  admit(): void {
    if (this.#stage === "answering") this.#stage = "open";
  }

  /** Whether nothing has passed yet. */
  get isGreeting(): boolean {
    return this.#stage === "greeting";
  }

  /** Whether CONNECT has passed and `admit` was not called yet. */
  get isAnswering(): boolean {
    return this.#stage === "answering";
  }

  /** How large the packet is that has begun and not ended, as far as that is known; 0 between packets. CONNECT begins at once. */
  get unfinishedBytes(): number {
    if (this.#stage === "greeting") return Math.max(1, this.#needed);
    return this.#stage === "open" && this.#keptBytes > 0 ? this.#needed : 0;
  }

  #look(bytes: Buffer): Passage {
    const end = this.#endOfPassing(bytes);
    const passing = end === bytes.length ? bytes : bytes.subarray(0, end);
    if (this.#violation !== undefined) this.#stage = "shut";
    else if (end < bytes.length) this.#keep(bytes.subarray(end));
    return { bytes: end === 0 ? undefined : passing, violation: this.#violation };
  }

  /** Where the last packet ends that may pass. */
  #endOfPassing(bytes: Buffer): number {
    this.#needed = 0;
    let at = 0;
    while (at < bytes.length && this.#stage !== "answering") {
      const end = this.#endOfPacket(bytes, at);
      if (end === undefined) break;
      at = end;
    }
    return at;
  }

  /** Where the packet at this place ends. If it may not pass, undefined: then `#violation` says why, or `#needed` what is missing. */
  #endOfPacket(bytes: Buffer, at: number): number | undefined {
    const first = bytes[at] ?? 0;
    const from = bodyOf(bytes, at);
    this.#violation =
      this.#violationOfTurn(first) ??
      violationOfType(first) ??
      (from === overlong ? tooManyLengthBytes : undefined);
    if (this.#violation !== undefined) return undefined;
    if (from === unfinished) {
      this.#needed = bytes.length - at + 1;
      return undefined;
    }
    const end = from + remainingLength(bytes, at + 1, from);
    this.#violation = this.#violationOfSize(end - at);
    if (this.#violation !== undefined) return undefined;
    if (end > bytes.length) {
      this.#needed = end - at;
      return undefined;
    }
    this.#violation = violationOfBody(first, bytes, { from, to: end, maxFilters: this.#limits.maxFilters });
    if (this.#violation !== undefined) return undefined;
    if (this.#stage === "greeting") this.#stage = "answering";
    else if (first >> 4 === packetType.disconnect) this.#stage = "left";
    return end;
  }

  #violationOfTurn(first: number): Violation | undefined {
    const isConnect = first >> 4 === packetType.connect;
    switch (this.#stage) {
      case "greeting":
        return isConnect ? undefined : notConnect;
      case "left":
        return afterDisconnect;
      default:
        return isConnect ? secondConnect : undefined;
    }
  }

  #violationOfSize(size: number): Violation | undefined {
    const isGreeting = this.#stage === "greeting";
    const limit = isGreeting ? this.#limits.maxConnectBytes : this.#limits.maxPacketBytes;
    if (size <= limit) return undefined;
    const setting = isGreeting ? "MAX_CONNECT_BYTES" : "MAX_PACKET_BYTES";
    return violation("packet-size", "MQTT-4.8.0-2", `a packet of ${size} bytes; ${setting} is ${limit}`);
  }

  #keep(chunk: Buffer): void {
    const total = this.#keptBytes + chunk.length;
    if (total > this.#kept.length) {
      // Twice as large each time, so that a packet in many pieces is not copied once a piece; and no larger than what has come twice
      // over, so that announcing costs us nothing.
      const room = Math.max(total, Math.min(2 * this.#kept.length, this.#needed));
      const grown = Buffer.allocUnsafe(room);
      this.#kept.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    chunk.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = total;
  }
}

const unfinished = -1;
const overlong = -2;

/** Where the body begins of the packet at this place: behind the first byte of its remaining length without a continuation bit. */
function bodyOf(bytes: Buffer, at: number): number {
  for (let from = at + 1; from <= at + 4; from += 1) {
    const byte = bytes[from];
    if (byte === undefined) return unfinished;
    if (byte < 0x80) return from + 1;
  }
  return overlong;
}

// Seven bits a byte, the lowest first. More bytes than needed are no breach: only MQTT 5 asks for the fewest.
function remainingLength(bytes: Buffer, from: number, to: number): number {
  let size = 0;
  for (let at = to - 1; at >= from; at -= 1) size = size * 0x80 + ((bytes[at] ?? 0) & 0x7f);
  return size;
}
