/** So much a second on average, and up to `burst` at once. */
export interface Flow {
  readonly perSecond: number;
  readonly burst: number;
}

/** How much of a flow may pass at a moment. The clock is the caller's. */
export class TokenBucket {
  readonly #flow: Flow;
  #tokens: number;
  #atMs: number;

  /** Begins full. */
  constructor(flow: Flow, nowMs: number) {
    this.#flow = flow;
    this.#tokens = flow.burst;
    this.#atMs = nowMs;
  }

  /** What may pass now. */
  level(nowMs: number): number {
    const { perSecond, burst } = this.#flow;
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  /** Takes one if it is there. */
  take(nowMs: number): boolean {
    if (this.level(nowMs) < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes so much of what `level` has just said is there. */
  spend(amount: number): void {
    this.#tokens -= amount;
  }

  /** How long until so much, or all there can be, may pass. */
  waitMs(amount: number, nowMs: number): number {
    const { perSecond, burst } = this.#flow;
    const missing = Math.min(amount, burst) - this.level(nowMs);
    return missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1000);
  }
}
