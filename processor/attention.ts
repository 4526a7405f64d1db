import type { Attention } from "./silence.ts";

/** Is told how far a shard is read. */
export interface ShardAttention {
  /** Everything that reached the platform for this shard by then, microseconds since the epoch, is stored. */
  readUntil(untilUs: number): void;
  /** Something was heard of then. */
  heard(receivedUs: number): void;
}

/** A pause in reading for longer begins the time anew: who could not be heard was not silent. */
const breakUs = 5e6;
/** After a pause devices come back, but not at once. */
const returningUs = 20e6;

/** For every shard that is owned, the time in which it was read without a break. */
export class Attentions {
  readonly #shards = new Map<number, Attention>();
  #heardUs = 0;
  #missed = { heardUs: 0, devices: 0 };

  begin(shard: number): ShardAttention {
    this.#shards.delete(shard);
    return {
      readUntil: (untilUs) => this.#readUntil(shard, untilUs),
      heard: (receivedUs) => {
        this.#heardUs = Math.max(this.#heardUs, receivedUs);
      },
    };
  }

  end(shard: number): void {
    this.#shards.delete(shard);
  }

  /** Undefined while the shard is not owned, or not read to any end yet. */
  of(shard: number): Attention | undefined {
    return this.#shards.get(shard);
  }

  /** How far the shard that is read furthest is; undefined while there is none. */
  furthestUs(): number | undefined {
    const ends = [...this.#shards.values()].map(({ untilUs }) => untilUs);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** When anybody was last heard of, in any shard. */
  get heardUs(): number {
    return this.#heardUs;
  }

  /** Of so many devices it was found just now that they are silent; answers how many that are since anybody was heard of. */
  miss(devices: number): number {
    if (this.#missed.heardUs !== this.#heardUs) this.#missed = { heardUs: this.#heardUs, devices: 0 };
    this.#missed.devices += devices;
    return this.#missed.devices;
  }

  /** What was not heard so far counts no more. */
  beginAnew(): void {
    for (const [shard, { untilUs }] of this.#shards) this.#shards.set(shard, begun(untilUs));
  }

  #readUntil(shard: number, untilUs: number): void {
    const known = this.#shards.get(shard);
    if (known !== undefined && untilUs <= known.untilUs) return;
    const isBroken = known === undefined || untilUs - known.untilUs > breakUs;
    this.#shards.set(shard, isBroken ? begun(untilUs) : { sinceUs: known.sinceUs, untilUs });
  }
}

function begun(untilUs: number): Attention {
  return { sinceUs: untilUs + returningUs, untilUs };
}
