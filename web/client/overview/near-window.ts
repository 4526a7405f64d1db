/** Tells which cards are in the window or one short scroll away from it. */
export class NearWindow {
  readonly #observer: IntersectionObserver;
  readonly #near = new Set<Element>();

  constructor(onChange: (card: Element, isNear: boolean) => void) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting === this.#near.has(target)) continue;
          if (isIntersecting) this.#near.add(target);
          else this.#near.delete(target);
          onChange(target, isIntersecting);
        }
      },
      { rootMargin: "400px 0px" },
    );
  }

  observe(card: Element): void {
    this.#observer.observe(card);
  }

  unobserve(card: Element): void {
    this.#observer.unobserve(card);
    this.#near.delete(card);
  }
}
