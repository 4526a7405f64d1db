/** Something on the board that can bring itself up to date. */
export interface Drawable {
  draw(): void;
}

/** Ordinary points may wait this long: four pictures a second are enough for an eye and leave the processor in peace. */
const liveIntervalMs = 250;
/**
 * Time for drawing in one frame; what does not fit comes in the next, so that scrolling stays smooth. The browser needs most of a frame for
 * itself: it still has to put on the screen what is drawn here.
 */
const frameBudgetMs = 4;

/** Decides when what is drawn: anomalies with the next frame, everything else a few times a second. */
export class Painter {
  readonly #urgent = new Set<Drawable>();
  /** Due, when nothing is urgent. */
  readonly #ripe = new Set<Drawable>();
  readonly #waiting = new Set<Drawable>();
  #frame: number | undefined;
  #timer: number | undefined;
  #drawnMs = 0;

  request(drawable: Drawable, isUrgent: boolean): void {
    if (isUrgent) {
      this.#waiting.delete(drawable);
      this.#ripe.delete(drawable);
      this.#urgent.add(drawable);
      this.#askFrame();
      return;
    }
    if (this.#urgent.has(drawable) || this.#ripe.has(drawable)) return;
    this.#waiting.add(drawable);
    if (this.#timer !== undefined) return;
    const restMs = Math.max(0, this.#drawnMs + liveIntervalMs - performance.now());
    this.#timer = window.setTimeout(() => this.#ripen(), restMs);
  }

  forget(drawable: Drawable): void {
    for (const some of [this.#urgent, this.#ripe, this.#waiting]) some.delete(drawable);
  }

  #ripen(): void {
    this.#timer = undefined;
    this.#drawnMs = performance.now();
    for (const drawable of this.#waiting) this.#ripe.add(drawable);
    this.#waiting.clear();
    this.#askFrame();
  }

  #askFrame(): void {
    this.#frame ??= requestAnimationFrame(() => this.#drawFrame());
  }

  #drawFrame(): void {
    this.#frame = undefined;
    const endMs = performance.now() + frameBudgetMs;
    while (performance.now() < endMs) {
      const queue = this.#urgent.size > 0 ? this.#urgent : this.#ripe;
      const [drawable] = queue;
      if (drawable === undefined) break;
      queue.delete(drawable);
      drawable.draw();
    }
    if (this.#urgent.size + this.#ripe.size > 0) this.#askFrame();
  }
}
