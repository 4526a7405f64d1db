/** Something on the board that can bring itself up to date. */
export interface Drawable {
  draw(): void;
}

/** Ordinary points may wait this long: four pictures a second are enough for an eye and leave the processor in peace. */
const liveIntervalMs = 250;
/** Time for drawing in one frame; what does not fit comes in the next, so that scrolling stays smooth. */
const frameBudgetMs = 12;

/** Decides when what is drawn: anomalies with the next frame, everything else a few times a second. */
export class Painter {
  readonly #urgent = new Set<Drawable>();
  readonly #waiting = new Set<Drawable>();
  #frame: number | undefined;
  #timer: number | undefined;
  #drawnMs = 0;

  request(drawable: Drawable, isUrgent: boolean): void {
    if (isUrgent) {
      this.#waiting.delete(drawable);
      this.#urgent.add(drawable);
      this.#askFrame();
      return;
    }
    if (this.#urgent.has(drawable)) return;
    this.#waiting.add(drawable);
    if (this.#timer !== undefined) return;
    const restMs = Math.max(0, this.#drawnMs + liveIntervalMs - performance.now());
    this.#timer = window.setTimeout(() => this.#ripen(), restMs);
  }

  forget(drawable: Drawable): void {
    this.#urgent.delete(drawable);
    this.#waiting.delete(drawable);
  }

  #ripen(): void {
    this.#timer = undefined;
    this.#drawnMs = performance.now();
    for (const drawable of this.#waiting) this.#urgent.add(drawable);
    this.#waiting.clear();
    this.#askFrame();
  }

  #askFrame(): void {
    this.#frame ??= requestAnimationFrame(() => this.#drawFrame());
  }

  #drawFrame(): void {
    this.#frame = undefined;
    const endMs = performance.now() + frameBudgetMs;
    for (const drawable of this.#urgent) {
      this.#urgent.delete(drawable);
      drawable.draw();
      if (performance.now() > endMs) break;
    }
    if (this.#urgent.size > 0) this.#askFrame();
  }
}
