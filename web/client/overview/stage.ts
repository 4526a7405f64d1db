import { find } from "../shell/element.ts";
import type { Errands } from "../shell/errands.ts";
import { fetchDoors } from "../shell/server-api.ts";
import { renderEmptyState } from "./empty-state.ts";

interface Known {
  readonly hasDevices: boolean;
  /** Whether the server has said which devices there are. */
  readonly isAnswered: boolean;
  readonly failure: string | undefined;
  /** How many devices are known and silent. */
  readonly inactive: number;
}

/** Chooses between the board, the friendly page for a first visit, and the one for a server that is silent. */
export class Stage {
  readonly #within: HTMLElement;
  readonly #errands: Errands;
  #known: Known = { hasDevices: false, isAnswered: false, failure: undefined, inactive: 0 };
  #shownEmpty: string | undefined;

  constructor(within: HTMLElement, errands: Errands) {
    this.#within = within;
    this.#errands = errands;
  }

  show(known: Known): void {
    this.#known = known;
    const { hasDevices, isAnswered, failure } = known;
    this.#find("#loading").hidden = hasDevices || isAnswered || failure !== undefined;
    this.#find("#failure").hidden = hasDevices || isAnswered || failure === undefined;
    this.#find("#failure-text").textContent = failure ?? "";
    this.#find("#cards").hidden = !hasDevices;
    const host = this.#find("#empty");
    if (!hasDevices && isAnswered) {
      this.#errands.soon("empty", () => this.#showEmpty(host), 0);
    } else {
      host.replaceChildren();
      this.#shownEmpty = undefined;
    }
  }

  async #showEmpty(host: HTMLElement): Promise<void> {
    const doors = await fetchDoors();
    const { hasDevices, inactive } = this.#known;
    const shown = JSON.stringify([doors, inactive]);
    // Left alone when nothing changed: somebody may be about to press one of its buttons.
    if (hasDevices || shown === this.#shownEmpty) return;
    this.#shownEmpty = shown;
    host.replaceChildren(renderEmptyState(doors, inactive));
  }

  #find(selector: string): HTMLElement {
    return find(selector, this.#within);
  }
}
