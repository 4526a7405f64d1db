const retryMs = 3000;

/** Pieces of work that are done a little later, and again until they succeed. */
export class Errands {
  readonly #planned = new Map<string, { readonly timer: number; readonly dueMs: number }>();
  /** What went wrong with the last try of each. */
  readonly #failures = new Map<string, string>();
  readonly #onChange: () => void;
  #isStopped = false;

  /** `onChange` hears when `failure` may have changed. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What to tell the operator while something does not succeed. */
  get failure(): string | undefined {
    return this.#failures.values().next().value;
  }

  /**
   * Runs a piece of work a little later, once however often it is asked for until then; a failure is shown to the operator
   * and the work tried again.
   */
  soon(name: string, work: () => Promise<void>, delayMs: number): void {
    if (this.#isStopped) return;
    const dueMs = performance.now() + delayMs;
    const planned = this.#planned.get(name);
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    clearTimeout(planned?.timer);
    const timer = window.setTimeout(() => {
      this.#planned.delete(name);
      work().then(
        () => this.#note(name, undefined),
        (cause: unknown) => {
          this.#note(name, cause instanceof Error ? cause.message : String(cause));
          this.soon(name, work, retryMs);
        },
      );
    }, delayMs);
    this.#planned.set(name, { timer, dueMs });
  }

  /** Nothing that is planned is done any more, and nothing is planned. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#planned.values()) clearTimeout(timer);
  }

  #note(name: string, failure: string | undefined): void {
    if (this.#isStopped || failure === this.#failures.get(name)) return;
    if (failure === undefined) this.#failures.delete(name);
    else this.#failures.set(name, failure);
    this.#onChange();
  }
}
