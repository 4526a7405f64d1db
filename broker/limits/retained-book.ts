import type { LimitName } from "../../platform/limits.ts";

/** 0 in any is no limit. */
export interface RetainedLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** The account of what clients had retained: a topic and how large it is. What the platform itself retains is not in it. */
export class RetainedBook {
  readonly #limits: RetainedLimits;
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  /** Which limit forbids to retain a message. Where none does, it counts as retained from now on. An empty one clears its topic. */
  retain(topic: string, payloadBytes: number): LimitName | undefined {
    const held = this.#sizes.get(topic);
    if (payloadBytes === 0) {
      this.#remove(topic);
      return undefined;
    }
    const size = topic.length + payloadBytes;
    if (held === undefined && isOver(this.#sizes.size + 1, this.#limits.messages)) return "retained_messages";
    if (isOver(this.#bytes - (held ?? 0) + size, this.#limits.bytes)) return "retained_bytes";
    this.#remove(topic);
    this.#sizes.set(topic, size);
    this.#bytes += size;
    return undefined;
  }

  /** Starts again from what there is. */
  recount(found: readonly { readonly topic: string; readonly payloadBytes: number }[]): void {
    this.#sizes.clear();
    this.#bytes = 0;
    for (const { topic, payloadBytes } of found) {
      this.#sizes.set(topic, topic.length + payloadBytes);
      this.#bytes += topic.length + payloadBytes;
    }
  }

  #remove(topic: string): void {
    this.#bytes -= this.#sizes.get(topic) ?? 0;
    this.#sizes.delete(topic);
  }
}

function isOver(count: number, most: number): boolean {
  return most > 0 && count > most;
}
