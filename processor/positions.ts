import type { Frame } from "../platform/ports.ts";
import type { OriginPosition, Positions } from "../platform/shard-batch.ts";

const unheard: Pick<OriginPosition, "last" | "missing"> = { last: 0, missing: [] };
/** An origin not heard of for so long, by its own clock, has nothing left in the stream. */
const rememberedUs = 24 * 3600e6;

/**
 * Which frames of a shard are accounted for, by origin. An origin numbers its frames in order, so one number says it all; only
 * where a cluster let one frame overtake another are the missing ones kept beside it.
 */
export class FramePositions {
  readonly #positions: Map<string, OriginPosition>;

  constructor(positions: Positions) {
    this.#positions = new Map(Object.entries(positions));
  }

  /** Whether a frame comes for the first time. From then on it counts as accounted for. */
  admit({ origin, sequence, receivedUs }: Frame): boolean {
    const { last, missing } = this.#positions.get(origin) ?? unheard;
    if (sequence > last) {
      const skipped = Array.from({ length: sequence - last - 1 }, (_, index) => last + 1 + index);
      this.#positions.set(origin, { last: sequence, missing: [...missing, ...skipped], receivedUs });
      return true;
    }
    if (!missing.includes(sequence)) return false;
    this.#positions.set(origin, { last, missing: missing.filter((one) => one !== sequence), receivedUs });
    return true;
  }

  /** As they are now, without those long silent. */
  snapshot(): Positions {
    const newest = Math.max(...[...this.#positions.values()].map(({ receivedUs }) => receivedUs));
    for (const [origin, { receivedUs }] of this.#positions) {
      if (receivedUs < newest - rememberedUs) this.#positions.delete(origin);
    }
    return Object.fromEntries(this.#positions);
  }
}
