import { arrange } from "../shell/element.ts";

/** A mouse that has rested for so long is not about to press anything. */
const restMs = 3000;

interface Placed {
  readonly element: HTMLElement;
}

/** Rows stay where they stand, those that are gone among them, and what is new comes below. */
export function heldOrder<Id>(shown: readonly Id[], wanted: readonly Id[]): readonly Id[] {
  return [...new Set([...shown, ...wanted])];
}

/**
 * The rows of a list, by their ids. While a mouse moves over them none moves under it: what is gone can be pressed no more but keeps its
 * place, and what is new waits below for its own.
 */
export class HeldRows<Id, Row extends Placed> {
  readonly #host: HTMLElement;
  #wanted: ReadonlyMap<Id, Row> = new Map();
  #placed: ReadonlyMap<Id, Row> = new Map();
  #rest: number | undefined;

  constructor(host: HTMLElement) {
    this.#host = host;
    host.addEventListener("pointermove", ({ pointerType }) => {
      // A finger is not there before it presses.
      if (pointerType === "mouse") this.#hold();
    });
    host.addEventListener("pointerleave", () => this.free());
  }

  /** Those that are not gone, as they stand. */
  get rows(): readonly Row[] {
    return [...this.#placed].filter(([id]) => this.#wanted.has(id)).map(([, row]) => row);
  }

  /** Shows these, in this order as soon as nobody is about to press one. */
  place(wanted: ReadonlyMap<Id, Row>): void {
    this.#wanted = wanted;
    const before = this.#placed;
    const isHeld = this.#rest !== undefined && wanted.size > 0;
    const ids = isHeld ? heldOrder([...before.keys()], [...wanted.keys()]) : [...wanted.keys()];
    const placed = new Map<Id, Row>();
    for (const id of ids) {
      const row = wanted.get(id) ?? before.get(id);
      if (row !== undefined) placed.set(id, row);
    }
    for (const [id, { element }] of before) {
      element.inert = !wanted.has(id);
      if (placed.get(id)?.element !== element) element.remove();
    }
    this.#placed = placed;
    arrange(this.#host, placed.values());
  }

  /** Nobody is about to press anything: each goes where it belongs. */
  free(): void {
    if (this.#rest === undefined) return;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.place(this.#wanted);
  }

  #hold(): void {
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.free(), restMs);
  }
}
