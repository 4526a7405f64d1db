/** So long something that was done by a gesture can be taken back. */
export const graceMs = 5000;

/** What was asked for by a gesture and is not done yet: it is done when its time is over, and forgotten when it is taken back. */
export class Grace<Key> {
  readonly #waiting = new Map<
    Key,
    { readonly timer: ReturnType<typeof setTimeout>; readonly work: () => void }
  >();

  has(key: Key): boolean {
    return this.#waiting.has(key);
  }

  begin(key: Key, work: () => void): void {
    this.takeBack(key);
    const timer = setTimeout(() => this.#finish(key), graceMs);
    this.#waiting.set(key, { timer, work });
  }

  takeBack(key: Key): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
  }

  /** Does what waits at once: nobody is there any more to take it back. */
  finish(): void {
    for (const key of [...this.#waiting.keys()]) this.#finish(key);
  }

  #finish(key: Key): void {
    const waiting = this.#waiting.get(key);
    this.takeBack(key);
    waiting?.work();
  }
}
