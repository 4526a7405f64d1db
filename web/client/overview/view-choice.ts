import { element, setAttribute } from "../shell/element.ts";
import { type View, views } from "./pins.ts";

const words = { pinned: "Pinned", alarms: "With alarms", all: "All" };

/** Which devices the board shows. */
export class ViewChoice {
  readonly element = element("div", { class: "view-choice", role: "group", "aria-label": "Devices shown" });
  readonly #buttons: ReadonlyMap<View, HTMLButtonElement>;

  constructor(onChoose: (view: View) => void) {
    this.#buttons = new Map(
      views.map((view) => {
        const button = element("button", { type: "button", class: "plain-button" }, [words[view]]);
        button.addEventListener("click", () => onChoose(view));
        return [view, button];
      }),
    );
    this.element.append(...this.#buttons.values());
  }

  show(chosen: View): void {
    for (const [view, button] of this.#buttons) setAttribute(button, "aria-pressed", String(view === chosen));
  }
}
