import type { Membership } from "../../platform/broker-commons.ts";
import type { Metrics } from "../../platform/telemetry.ts";
import { encodeLetter, encodePeerMessage, type PeerMessage } from "./peer-message.ts";

/** A letter this large goes at once. */
const letterBytes = 65_536;
/** So much may be under way that Redis has not taken yet. */
const mostBytes = 16 * 1024 * 1024;

interface Unsent {
  messages: Buffer[];
  bytes: number;
}

/**
 * Sends messages to other brokers: at most once, in order for each of them, and those of one turn of the loop in one letter. Nobody
 * waits for it; what is published faster than Redis takes it is lost to the others.
 */
export class PeerPost {
  readonly #metrics: Metrics;
  #membership: Membership;
  #unsent = new Map<string, Unsent>();
  #underWayBytes = 0;
  #isFlushing = false;

  constructor(membership: Membership, metrics: Metrics) {
    this.#membership = membership;
    this.#metrics = metrics;
  }

  /** From now on this is who sends. */
  rename(membership: Membership): void {
    this.#membership = membership;
  }

  send(peers: readonly string[], message: PeerMessage): void {
    if (peers.length === 0) return;
    if (this.#underWayBytes > mostBytes) {
      this.#metrics.peerMessagesLost.inc(peers.length);
      return;
    }
    const bytes = encodePeerMessage(message);
    for (const peer of peers) {
      const unsent = this.#unsent.get(peer) ?? { messages: [], bytes: 0 };
      this.#unsent.set(peer, unsent);
      unsent.messages.push(bytes);
      unsent.bytes += bytes.length;
      this.#underWayBytes += bytes.length;
      if (unsent.bytes >= letterBytes) this.#post(peer, unsent);
    }
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      for (const [peer, unsent] of this.#unsent) this.#post(peer, unsent);
    });
  }

  #post(peer: string, { messages, bytes }: Unsent): void {
    this.#unsent.delete(peer);
    this.#membership
      .send(peer, encodeLetter(this.#membership.id, messages))
      .then(
        () => this.#metrics.peerMessagesSent.inc(messages.length),
        // Redis is away; at most once means that nobody hears of them.
        () => this.#metrics.peerMessagesLost.inc(messages.length),
      )
      .finally(() => {
        this.#underWayBytes -= bytes;
      });
  }
}
