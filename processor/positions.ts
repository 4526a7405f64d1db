import type { Clock, Frame } from "../platform/ports.ts";
import type { OriginPosition, Positions } from "../platform/readings/shard-batch.ts";

/** An origin silent for so long has nothing left in the stream, and begins anew when it speaks again. */
const rememberedUs = 120e6;
/** Frames of an origin that can overtake the first one heard of. */
const mostMissing = 1000;

const unheard: Pick<OriginPosition, "last" | "missing"> = { last: 0, missing: [] };

/**
 * Which frames of a shard are accounted for, by origin. An origin numbers its frames in order, so one number says it all; only
 * where a cluster let one frame overtake another are the missing ones kept beside it. Silence is measured by this processor's own
 * clock, whatever the clocks of brokers and earlier owners said.
 */
export class FramePositions {
  readonly #positions = new Map<string, OriginPosition>();
  readonly #now: Clock;

  constructor(positions: Positions, now: Clock) {
    this.#now = now;
    const heardUs = now();
    for (const [origin, { last, missing }] of Object.entries(positions)) {
      this.#positions.set(origin, { last, missing, heardUs });
    }
  }

  /** Whether a frame comes for the first time. From then on it counts as accounted for. */
  admit({ origin, sequence }: Pick<Frame, "origin" | "sequence">): boolean {
    const { last, missing } = this.#positions.get(origin) ?? unheard;
    const heardUs = this.#now();
    if (sequence > last) {
      const first = Math.max(last + 1, sequence - mostMissing);
      const skipped = Array.from({ length: sequence - first }, (_, index) => first + index);
      this.#positions.set(origin, { last: sequence, missing: [...missing, ...skipped], heardUs });
      return true;
    }
    if (!missing.includes(sequence)) return false;
    this.#positions.set(origin, { last, missing: missing.filter((one) => one !== sequence), heardUs });
    return true;
  }

  /** As they are now, without those long silent. */
  snapshot(): Positions {
    const earliestUs = this.#now() - rememberedUs;
    for (const [origin, { heardUs }] of this.#positions) {
      if (heardUs < earliestUs) this.#positions.delete(origin);
    }
    return Object.fromEntries(this.#positions);
  }
}
