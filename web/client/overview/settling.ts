/**
 * What stands below other parts of a page waits for them, so that nothing moves under a thumb: while some are not known yet, the element
 * has the attribute `data-unsettled`.
 */
export class Settling {
  readonly #element: HTMLElement;
  readonly #awaited: Set<string>;

  constructor(element: HTMLElement, parts: readonly string[]) {
    this.#element = element;
    this.#awaited = new Set(parts);
    element.setAttribute("data-unsettled", "");
  }

  /** Does the work that makes a part known, or shows that it cannot be. */
  async by(part: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } finally {
      this.#awaited.delete(part);
      // What is known now is drawn with the next frame.
      if (this.#awaited.size === 0)
        requestAnimationFrame(() =>
          requestAnimationFrame(() => this.#element.removeAttribute("data-unsettled")),
        );
    }
  }
}
