import type { Clock } from "../platform/ports.ts";

export interface Sample<Value> {
  readonly value: Value;
  /** Microseconds since the epoch. */
  readonly atUs: number;
}

/** A look is as good as new for this long, or for ten times as long as it took: then it costs the database at most a tenth of its time. */
const freshUs = 1e6;
const timesItsTime = 10;
/** How far back the look lies that a newest one is compared with, at most. */
const memoryUs = 15e6;

/** A costly look that many ask for: done once for all who ask at the same time, and not again while it is fresh. */
export class Sampled<Value> {
  readonly #look: () => Promise<Value>;
  readonly #now: Clock;
  readonly #samples: Sample<Value>[] = [];
  #staleUs = 0;
  #running: Promise<void> | undefined;

  constructor(look: () => Promise<Value>, now: Clock) {
    this.#look = look;
    this.#now = now;
  }

  /** The newest look, and one of at most a quarter of a minute before it, where there is one. */
  async take(): Promise<{ newest: Sample<Value>; older: Sample<Value> | undefined }> {
    if (this.#now() >= this.#staleUs) {
      this.#running ??= this.#sample();
      await this.#running;
    }
    const newest = this.#samples.at(-1);
    if (newest === undefined) throw new Error("a look that succeeded left nothing");
    const [oldest] = this.#samples;
    return { newest, older: oldest === newest ? undefined : oldest };
  }

  async #sample(): Promise<void> {
    const beganUs = this.#now();
    try {
      const value = await this.#look();
      const atUs = this.#now();
      this.#samples.push({ value, atUs });
      while ((this.#samples[0]?.atUs ?? atUs) < atUs - memoryUs) this.#samples.shift();
      this.#staleUs = atUs + Math.max(freshUs, timesItsTime * (atUs - beganUs));
    } finally {
      this.#running = undefined;
    }
  }
}
