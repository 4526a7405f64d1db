interface Seen {
  readonly sign: string;
  /** When it was seen first, by the clock of whoever looks. */
  readonly sinceMs: number;
}

/** What a look at the signs of life of all brokers shows. */
export interface Look {
  /** Brokers that live, as far as can be said. */
  readonly living: readonly string[];
  /** Those whose sign has been the same for too long. */
  readonly dead: readonly { readonly id: string; readonly sign: string }[];
}

/**
 * Tells the living from the dead by signs that keep changing, on one clock only: the looker's. After a pause in looking nobody is
 * dead: it may have been the looker who was frozen, or Redis that was away from all of them.
 */
export class RollCall {
  readonly #silenceMs: number;
  readonly #gapMs: number;
  #seen = new Map<string, Seen>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** `silenceMs` is what a broker may be silent for; `gapMs` the longest time between two looks that counts as looking all the time. */
  constructor({ silenceMs, gapMs }: { silenceMs: number; gapMs: number }) {
    this.#silenceMs = silenceMs;
    this.#gapMs = gapMs;
  }

  look(signs: ReadonlyMap<string, string>, nowMs: number): Look {
    const hasPaused = nowMs - this.#lookedMs > this.#gapMs;
    this.#lookedMs = nowMs;
    const seen = new Map<string, Seen>();
    for (const [id, sign] of signs) {
      const former = this.#seen.get(id);
      seen.set(id, !hasPaused && former?.sign === sign ? former : { sign, sinceMs: nowMs });
    }
    this.#seen = seen;
    const isDead = ({ sinceMs }: Seen): boolean => nowMs - sinceMs > this.#silenceMs;
    const entries = [...seen];
    return {
      living: entries.flatMap(([id, own]) => (isDead(own) ? [] : [id])),
      dead: entries.flatMap(([id, own]) => (isDead(own) ? [{ id, sign: own.sign }] : [])),
    };
  }
}
