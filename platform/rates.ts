import { RecentMap } from "./recent-map.ts";
import { type Flow, TokenBucket } from "./token-bucket.ts";

const remembered = 65_536;

/** A flow for each key. Of more than 65 536 keys those not seen longest begin anew, so nobody fills the memory with keys. */
export class Rates {
  readonly #flow: Flow;
  readonly #buckets = new RecentMap<string, TokenBucket>(remembered);

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** 0 when one more of this key may pass, which is then counted; else how long it has to wait. */
  waitMs(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#flow, nowMs);
    this.#buckets.set(key, bucket);
    return bucket.take(nowMs) ? 0 : bucket.waitMs(1, nowMs);
  }
}
