import { RecentMap } from "../../platform/recent-map.ts";
import { type Flow, TokenBucket } from "../../platform/token-bucket.ts";

const remembered = 65_536;
const shortestMs = 5_000;
const longestMs = 300_000;
/** Whoever was not shut out for so long begins anew. */
const forgivenAfterMs = 600_000;

interface Record {
  readonly failures: TokenBucket;
  shutOutForMs: number;
  untilMs: number;
}

/**
 * Shuts out who fails too often: for 5 s, and each time it happens again for twice as long, up to 5 minutes. Of more than 65 536
 * keys those not seen longest are forgotten.
 */
export class Flapping {
  readonly #flow: Flow;
  readonly #records = new RecentMap<string, Record>(remembered);

  constructor(failuresPerMinute: number) {
    this.#flow = { perSecond: failuresPerMinute / 60, burst: failuresPerMinute };
  }

  /** How long this key still has to wait; 0 when it may try. */
  waitMs(key: string, nowMs: number): number {
    return Math.max(0, (this.#records.get(key)?.untilMs ?? 0) - nowMs);
  }

  /** Takes note of a failure. How long the key is shut out for, if this was the one too many; else 0. */
  fail(key: string, nowMs: number): number {
    const record = this.#records.get(key) ?? {
      failures: new TokenBucket(this.#flow, nowMs),
      shutOutForMs: 0,
      untilMs: 0,
    };
    this.#records.set(key, record);
    if (record.failures.take(nowMs) || record.untilMs > nowMs) return 0;
    const isForgiven = nowMs - record.untilMs > forgivenAfterMs;
    record.shutOutForMs = isForgiven
      ? shortestMs
      : Math.min(longestMs, record.shutOutForMs * 2 || shortestMs);
    record.untilMs = nowMs + record.shutOutForMs;
    return record.shutOutForMs;
  }
}
