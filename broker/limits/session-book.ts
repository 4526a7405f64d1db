import type { LimitName } from "../../platform/limits.ts";

/** 0 in any but the expiry is no limit. */
export interface SessionLimits {
  readonly sessions: number;
  readonly expiryMs: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly queuedBytesTotal: number;
  readonly inflight: number;
}

/** What a queued message takes besides its topic and payload. */
const overheadBytes = 200;

/** What a message counts for in a queue. */
export function weightOf(packet: {
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
}): number {
  return overheadBytes + (packet.topic?.length ?? 0) + (packet.payload?.length ?? 0);
}

interface Queue {
  messages: number;
  bytes: number;
}

/** A session that has to end, and which limit says so. */
export interface Outdated {
  readonly clientId: string;
  readonly limit: LimitName;
}

/** The accounts of sessions that outlive their connection: who is away since when, and what is kept for whom. */
export class SessionBook {
  readonly #limits: SessionLimits;
  /** Those away and since when, the longest first. */
  readonly #away = new Map<string, number>();
  readonly #queues = new Map<string, Queue>();
  readonly #inflight = new Map<string, number>();
  #bytes = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  isAway(clientId: string): boolean {
    return this.#away.has(clientId);
  }

  enter(clientId: string): void {
    this.#away.delete(clientId);
  }

  leave(clientId: string, nowMs: number): void {
    this.#away.delete(clientId);
    this.#away.set(clientId, nowMs);
  }

  /** The session is over. */
  forget(clientId: string): void {
    this.#away.delete(clientId);
    this.#inflight.delete(clientId);
    this.recount(clientId, { messages: 0, bytes: 0 });
  }

  /** Which limit keeps a message out of this queue, if any. */
  objection(clientId: string, weight: number): LimitName | undefined {
    const { queuedMessages, queuedBytes, queuedBytesTotal } = this.#limits;
    const queue = this.#queues.get(clientId);
    if (isOver((queue?.messages ?? 0) + 1, queuedMessages)) return "queued_messages";
    if (isOver((queue?.bytes ?? 0) + weight, queuedBytes)) return "queued_bytes";
    // While somebody is away there is who can make room.
    if (this.#away.size === 0 && isOver(this.#bytes + weight, queuedBytesTotal)) return "queued_bytes_total";
    return undefined;
  }

  queued(clientId: string, weight: number): void {
    const queue = this.#queues.get(clientId) ?? { messages: 0, bytes: 0 };
    this.recount(clientId, { messages: queue.messages + 1, bytes: queue.bytes + weight });
  }

  unqueued(clientId: string, weight: number): void {
    const queue = this.#queues.get(clientId);
    if (queue === undefined) return;
    this.recount(clientId, { messages: queue.messages - 1, bytes: Math.max(0, queue.bytes - weight) });
  }

  /** What a queue was found to hold. */
  recount(clientId: string, queue: Queue): void {
    this.#bytes -= this.#queues.get(clientId)?.bytes ?? 0;
    this.#queues.delete(clientId);
    if (queue.messages <= 0) return;
    this.#queues.set(clientId, queue);
    this.#bytes += queue.bytes;
  }

  /** Whether one more QoS 2 message of this client may wait for its PUBREL. */
  mayAwaitRelease(clientId: string): boolean {
    return !isOver((this.#inflight.get(clientId) ?? 0) + 1, this.#limits.inflight);
  }

  awaitsRelease(clientId: string, change: 1 | -1): void {
    const count = (this.#inflight.get(clientId) ?? 0) + change;
    if (count > 0) this.#inflight.set(clientId, count);
    else this.#inflight.delete(clientId);
  }

  /** The clean end of a connection takes with it what waited for a PUBREL. */
  releaseAll(clientId: string): void {
    this.#inflight.delete(clientId);
  }

  /** The next session that has to end: of those away, the one that is away longest. */
  outdated(nowMs: number): Outdated | undefined {
    const { sessions, expiryMs, queuedBytesTotal } = this.#limits;
    for (const [clientId, sinceMs] of this.#away) {
      if (nowMs - sinceMs > expiryMs) return { clientId, limit: "session_expired" };
      if (isOver(this.#away.size, sessions)) return { clientId, limit: "sessions" };
      if (isOver(this.#bytes, queuedBytesTotal)) return { clientId, limit: "queued_bytes_total" };
      return undefined;
    }
    return undefined;
  }
}

function isOver(count: number, most: number): boolean {
  return most > 0 && count > most;
}
