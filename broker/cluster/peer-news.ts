import type { Membership } from "../../platform/broker-commons.ts";
import type { Ears } from "../ears.ts";
import type { PeerMessage } from "./peer-message.ts";

/** How many letters of each kind a broker has sent, as its sign of life says. */
export interface NewsCounts {
  readonly ears: number;
  readonly arrivals: number;
}

export interface PeerNewsOptions {
  readonly ears: Ears;
  readonly onArrivedElsewhere: (clientId: string, number: number) => void;
}

interface Known {
  ears: number | undefined;
  arrivals: number | undefined;
  /** Letters on arrivals that the sign of life before the newest spoke of. */
  arrivalsDue: number;
}

/**
 * What the other brokers told by letters, which may be lost while this one is deaf. Letters are counted, and signs of life say how many
 * there were: what is missing is looked up in what that broker holds.
 */
export class PeerNews {
  readonly #options: PeerNewsOptions;
  readonly #peers = new Map<string, Known>();

  constructor(options: PeerNewsOptions) {
    this.#options = options;
  }

  hear(from: string, message: Exclude<PeerMessage, { kind: "message" }>): void {
    const known = this.#peers.get(from);
    if (message.kind === "ears") {
      this.#options.ears.changePeer(from, message);
      if (known?.ears === message.number - 1) known.ears = message.number;
      return;
    }
    for (const clientId of message.clientIds) this.#options.onArrivedElsewhere(clientId, message.number);
    if (known?.arrivals === message.count - 1) known.arrivals = message.count;
  }

  /** These live, and no others. */
  keepOnly(living: readonly string[]): void {
    for (const id of this.#peers.keys()) {
      if (living.includes(id)) continue;
      this.#peers.delete(id);
      this.#options.ears.setPeer(id, undefined);
    }
  }

  /** Looks up what a peer told and was not heard. @throws PlatformError STREAM_DOWN. */
  async catchUp(id: string, told: NewsCounts, membership: Membership): Promise<void> {
    const known = this.#peers.get(id) ?? { ears: undefined, arrivals: undefined, arrivalsDue: 0 };
    this.#peers.set(id, known);
    if (known.ears !== told.ears) {
      this.#options.ears.setPeer(id, await membership.earsOf(id));
      known.ears = told.ears;
    }
    // Many arrive at once, so these letters have the time until the next sign to come.
    const isComplete = known.arrivals !== undefined && known.arrivals >= known.arrivalsDue;
    known.arrivalsDue = told.arrivals;
    if (isComplete) return;
    // Before it is asked: letters that come meanwhile count on from there.
    known.arrivals = told.arrivals;
    try {
      const arrivals = await membership.arrivalsAt(id);
      for (const [clientId, number] of arrivals) this.#options.onArrivedElsewhere(clientId, number);
    } catch (error) {
      known.arrivals = undefined;
      throw error;
    }
  }
}
