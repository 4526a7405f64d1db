interface Failures {
  count: number;
  lastMs: number;
}

const firstMs = 250;
const mostMs = 8000;
const forgottenMs = 60_000;
const addressesKept = 10_000;

/** How long an address that guesses wrong waits for each answer: twice as long each time, until it leaves off for a minute. */
export class Reluctance {
  readonly #failures = new Map<string, Failures>();

  /** Notes a wrong guess; answers after how many milliseconds it may hear of it. */
  delayMs(address: string, nowMs: number): number {
    const before = this.#failures.get(address);
    const isForgotten = before === undefined || nowMs - before.lastMs > forgottenMs;
    const count = isForgotten ? 1 : before.count + 1;
    this.#failures.delete(address);
    this.#failures.set(address, { count, lastMs: nowMs });
    if (this.#failures.size > addressesKept) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return Math.min(mostMs, firstMs * 2 ** Math.min(count - 1, 10));
  }
}
