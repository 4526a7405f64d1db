import type { ShadowCounts } from "../schema/model.ts";

/** What a candidate would have said of live readings, counted in memory until it is taken. */
export class ShadowTally {
  #counts = { readings: 0, active: 0, candidate: 0, both: 0 };

  count(isFlagged: boolean, wouldFlag: boolean): void {
    const counts = this.#counts;
    counts.readings += 1;
    if (isFlagged) counts.active += 1;
    if (wouldFlag) counts.candidate += 1;
    if (isFlagged && wouldFlag) counts.both += 1;
  }

  /** The counts since the last time; undefined when there are none. */
  take(): ShadowCounts | undefined {
    const taken = this.#counts;
    this.#counts = { readings: 0, active: 0, candidate: 0, both: 0 };
    return taken.readings === 0 ? undefined : taken;
  }

  add({ readings, active, candidate, both }: ShadowCounts): void {
    const counts = this.#counts;
    counts.readings += readings;
    counts.active += active;
    counts.candidate += candidate;
    counts.both += both;
  }
}
