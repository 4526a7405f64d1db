const retryMs = 3000;

/** Work that is done a little later, once however often it is asked for until then, and again when it failed. */
export class Later {
  readonly #onOutcome: (name: string, failure: string | undefined) => void;
  readonly #planned = new Map<string, { readonly timer: number; readonly dueMs: number }>();

  /** Hears of every try, with a sentence for the operator if it failed. */
  constructor(onOutcome: (name: string, failure: string | undefined) => void) {
    this.#onOutcome = onOutcome;
  }

  soon(name: string, work: () => Promise<void>, delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    const planned = this.#planned.get(name);
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    clearTimeout(planned?.timer);
    const timer = window.setTimeout(() => {
      this.#planned.delete(name);
      work().then(
        () => this.#onOutcome(name, undefined),
        (cause: unknown) => {
          this.#onOutcome(name, cause instanceof Error ? cause.message : String(cause));
          this.soon(name, work, retryMs);
        },
      );
    }, delayMs);
    this.#planned.set(name, { timer, dueMs });
  }
}
