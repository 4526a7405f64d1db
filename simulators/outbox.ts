import type { Message } from "./factory.ts";

export interface OutboxEntry {
  readonly message: Message;
  wasSent: boolean;
}

/** All numbers count readings, not messages. */
export interface OutboxCounts {
  /** Handed to the broker at least once. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Handed over again because a connection was lost before the acknowledgement. */
  readonly resent: number;
  /** Pushed out of the full buffer, oldest first. */
  readonly dropped: number;
  /** Not acknowledged yet: in the buffer or on the way. */
  readonly waiting: number;
}

/** The bounded memory of a device: every message stays until it is acknowledged, and goes out in order. */
export interface Outbox {
  /** Keeps a message; a full outbox drops its oldest that is not on the way. */
  offer(message: Message): void;
  /** The next message to send, which is on the way from now on; undefined when there is none. */
  next(): OutboxEntry | undefined;
  /** The broker has it. */
  settle(entry: OutboxEntry): void;
  /** The connection is lost: what was on the way has to go again. */
  recall(): void;
  /** Messages on the way. */
  flying(): number;
  /** Messages kept, on the way or not. */
  size(): number;
  counts(): OutboxCounts;
}

/** An empty outbox for at most `limit` messages. */
export function createOutbox(limit: number): Outbox {
  const tally = { sent: 0, acknowledged: 0, resent: 0, dropped: 0 };
  // Oldest first; the first `flying` of them are on the way.
  const kept: OutboxEntry[] = [];
  let flying = 0;

  return {
    offer(message) {
      kept.push({ message, wasSent: false });
      if (kept.length <= limit) return;
      const [oldest] = kept.splice(Math.min(flying, kept.length - 1), 1);
      tally.dropped += oldest?.message.readings ?? 0;
    },
    next() {
      const entry = kept[flying];
      if (entry === undefined) return undefined;
      tally[entry.wasSent ? "resent" : "sent"] += entry.message.readings;
      entry.wasSent = true;
      flying += 1;
      return entry;
    },
    settle(entry) {
      const place = kept.indexOf(entry);
      if (place < 0 || place >= flying) return;
      kept.splice(place, 1);
      flying -= 1;
      tally.acknowledged += entry.message.readings;
    },
    recall() {
      flying = 0;
    },
    flying: () => flying,
    size: () => kept.length,
    counts: () => ({ ...tally, waiting: kept.reduce((sum, { message }) => sum + message.readings, 0) }),
  };
}
