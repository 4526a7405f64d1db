import { type LimitName, limitNames, limits } from "./limits.ts";
import type { Log, Metrics } from "./telemetry.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Lines a limit may write at once, and how many a second afterwards. */
const lines = { burst: 5, perSecond: 0.1 };

/** Counts how often a limit was reached, and says so in the log; a flood makes a line in ten seconds and limit, not one a packet. */
export class LimitNotices {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #records = new Map<LimitName, { readonly bucket: TokenBucket; unlogged: number }>();

  constructor({
    log,
    metrics,
    now = () => performance.now(),
  }: { log: Log; metrics: Metrics; now?: () => number }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#now = now;
    // A series that appears with its first event has no rate for that event.
    for (const limit of limitNames) metrics.limited.inc({ limit }, 0);
  }

  /** `about` says whom and what the limit met, such as an address or a client. */
  tell(limit: LimitName, about: Readonly<Record<string, unknown>>): void {
    this.#metrics.limited.inc({ limit });
    const nowMs = this.#now();
    const record = this.#records.get(limit) ?? { bucket: new TokenBucket(lines, nowMs), unlogged: 0 };
    this.#records.set(limit, record);
    if (!record.bucket.take(nowMs)) {
      record.unlogged += 1;
      return;
    }
    const { unlogged } = record;
    record.unlogged = 0;
    this.#log.warn(
      { limit, ...about, ...limits[limit], ...(unlogged > 0 ? { unlogged } : {}) },
      "limit reached",
    );
  }
}
