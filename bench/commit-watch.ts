import { setTimeout as pause } from "node:timers/promises";
import type { TestDatabase } from "../tests/harness/test-database.ts";
import type { SharedClock } from "./shared-clock.ts";

/** What a transaction that began at `atUs` at the latest could see: all below `next` but those in progress. */
interface Snapshot {
  readonly atUs: number;
  readonly next: number;
  readonly inProgress: ReadonlySet<number>;
}

const everyMs = 5;

/**
 * Finds out when each row became visible to others. While the load runs it only asks for snapshots, which costs the same however
 * many rows there are; afterwards each row names the transaction that wrote it, and the first snapshot that sees this transaction
 * dates the row. So a commit is never dated too early, and at most one interval too late. `track_commit_timestamp` would be
 * cheaper, but it stamps a commit before its flush to disk, and the flush is most of what a commit costs.
 */
export class CommitWatch {
  readonly #database: TestDatabase;
  readonly #now: SharedClock;
  readonly #snapshots: Snapshot[] = [];
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;

  constructor(database: TestDatabase, now: SharedClock) {
    this.#database = database;
    this.#now = now;
    this.#watching = this.#watch();
  }

  /** Stops watching and answers with the latency of every row stamped from this moment on, microseconds from its timestamp. */
  async latenciesUs(fromUs: number): Promise<Float64Array> {
    this.#stopping.abort();
    await this.#watching;
    await this.#look();
    const rows = await this.#database.query<{ transaction: string; us: string }>(
      `SELECT xmin::text AS transaction, (extract(epoch FROM ts) * 1000000)::bigint::text AS us
       FROM readings WHERE ts >= to_timestamp($1::double precision)`,
      [fromUs / 1e6],
    );
    const visibleUs = new Map<string, number>();
    for (const { transaction } of rows) {
      if (!visibleUs.has(transaction)) visibleUs.set(transaction, this.#firstToSee(Number(transaction)));
    }
    return Float64Array.from(rows, ({ transaction, us }) => (visibleUs.get(transaction) ?? 0) - Number(us));
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const [row] = await this.#database.query<{ snapshot: string }>(
      "SELECT pg_current_snapshot()::text AS snapshot",
    );
    const [, next, inProgress] = row?.snapshot.split(":") ?? [];
    this.#snapshots.push({
      atUs: this.#now(),
      next: Number(next),
      inProgress: new Set((inProgress ?? "").split(",").map(Number)),
    });
  }

  /** By halves, for what one snapshot sees all later ones see. */
  #firstToSee(transaction: number): number {
    let low = 0;
    let high = this.#snapshots.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const snapshot = this.#snapshots[middle];
      const isSeen = snapshot !== undefined && isVisible(transaction, snapshot);
      if (isSeen) high = middle;
      else low = middle + 1;
    }
    return this.#snapshots[low]?.atUs ?? Number.NaN;
  }
}

function isVisible(transaction: number, { next, inProgress }: Snapshot): boolean {
  return transaction < next && !inProgress.has(transaction);
}
