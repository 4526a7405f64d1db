/** The moment that is pointed at, the same in all charts of a page. */
export class Crosshair {
  readonly #listeners = new Set<() => void>();
  #atMs: number | undefined;

  get atMs(): number | undefined {
    return this.#atMs;
  }

  move(atMs: number | undefined): void {
    if (atMs === this.#atMs) return;
    this.#atMs = atMs;
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
