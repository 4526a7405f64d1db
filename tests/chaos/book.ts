/** When a reading or message went out first, and when it was acknowledged. */
export interface Entry {
  readonly sentAtMs: number;
  acknowledgedAtMs: number | undefined;
}

/** What the devices sent and what was acknowledged to them, by key; times are those of `performance.now()`. */
export class Book {
  readonly #entries = new Map<string, Entry>();
  #acknowledged = 0;

  send(keys: readonly string[]): void {
    for (const key of keys)
      this.#entries.set(key, { sentAtMs: performance.now(), acknowledgedAtMs: undefined });
  }

  acknowledge(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined || entry.acknowledgedAtMs !== undefined) continue;
      entry.acknowledgedAtMs = performance.now();
      this.#acknowledged += 1;
    }
  }

  get sent(): number {
    return this.#entries.size;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }
}
