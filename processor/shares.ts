import { messageOf } from "../platform/errors.ts";
import type { Clock, EventStream, ReadingStore, ReadingStream, Seat } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import type { Attentions } from "./attention.ts";
import { rest } from "./rest.ts";
import { runShard } from "./shard-loop.ts";
import type { Scorer } from "./shard-scorer.ts";

export interface ShareDeps {
  readonly shards: number;
  readonly stream: ReadingStream;
  readonly store: ReadingStore;
  readonly events: EventStream;
  /** Of a shard; `shardsOwned` answers how many there are at the moment. */
  readonly newScorer: (shardsOwned: () => number) => Scorer;
  readonly attention: Attentions;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** How often a processor looks whether shards are free or due to others. */
const lookIntervalMs = 1000;

interface Owned {
  readonly giveUp: () => void;
  readonly done: Promise<void>;
}

/**
 * Owns a fair share of the shards until the signal: as many as each gets when those that are alive divide them, one more where it
 * does not come out even. What is free it takes, what is too much it gives up after the batch in hand.
 */
export async function keepShare(deps: ShareDeps): Promise<void> {
  const { log, signal } = deps;
  const share = new Share(deps);
  while (!signal.aborted) {
    try {
      await share.adjust();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "shares not looked at");
    }
    await rest(lookIntervalMs, signal);
  }
  await share.end();
}

class Share {
  readonly #deps: ShareDeps;
  readonly #owned = new Map<number, Owned>();
  #seat: Seat | undefined;

  constructor(deps: ShareDeps) {
    this.#deps = deps;
  }

  async adjust(): Promise<void> {
    const { processors, taken } = await this.#census();
    const fair = Math.ceil(this.#deps.shards / Math.max(1, processors));
    for (const { giveUp } of [...this.#owned.values()].slice(fair)) giveUp();
    const free = Array.from({ length: this.#deps.shards }, (_, shard) => shard).filter(
      (shard) => !taken.has(shard) && !this.#owned.has(shard),
    );
    for (const shard of free) {
      if (this.#owned.size >= fair) return;
      // One that cannot be had, as when its node of a cluster is away, keeps nobody from the others.
      await this.#take(shard).catch((error: unknown) =>
        this.#deps.log.warn({ shard, reason: messageOf(error) }, "shard not taken"),
      );
    }
  }

  async end(): Promise<void> {
    for (const { giveUp } of this.#owned.values()) giveUp();
    await Promise.all([...this.#owned.values()].map(({ done }) => done));
    await this.#seat?.leave();
  }

  /**
   * A seat is lost with its session: then a new one is taken at the next look. Whoever does not reach the stream leaves it to
   * others that do.
   */
  async #census(): ReturnType<Seat["census"]> {
    try {
      await this.#deps.stream.fullness();
      this.#seat ??= await this.#deps.store.takeSeat();
      return await this.#seat.census();
    } catch (error) {
      await this.#seat?.leave();
      this.#seat = undefined;
      throw error;
    }
  }

  async #take(shard: number): Promise<void> {
    const { stream, store, events, newScorer, attention, now, log, metrics, signal } = this.#deps;
    const reader = await stream.openShard(shard);
    const writer = await store.claimShard(shard, reader.streamId).catch(async (error: unknown) => {
      await reader.close();
      throw error;
    });
    if (writer === null) return reader.close();
    const given = new AbortController();
    const run = async (): Promise<void> => {
      metrics.shardsOwned.inc();
      log.debug({ shard }, "shard taken");
      const until = AbortSignal.any([signal, given.signal, writer.lost]);
      try {
        await runShard({
          ...{ shard, reader, writer, events, log, metrics, now },
          ...{ scorer: newScorer(() => this.#owned.size), attention: attention.begin(shard), signal: until },
        });
      } catch (error) {
        log.warn({ shard, reason: messageOf(error) }, "shard interrupted");
      } finally {
        attention.end(shard);
        metrics.shardsOwned.dec();
        await reader.close();
        await writer.release();
        this.#owned.delete(shard);
      }
    };
    this.#owned.set(shard, { giveUp: () => given.abort(), done: run() });
  }
}
