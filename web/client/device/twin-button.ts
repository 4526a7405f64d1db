import { element, setAttribute } from "../shell/element.ts";

/** Shows the charts of a device as tables, too, and charts alone again. */
export class TwinButton {
  readonly element = element("button", { type: "button", class: "plain-button", "aria-pressed": "false" }, [
    "Table",
  ]);
  readonly #onTwin: (isShown: boolean) => void;

  constructor(onTwin: (isShown: boolean) => void) {
    this.#onTwin = onTwin;
    this.element.addEventListener("click", () => this.toggle());
  }

  toggle(): void {
    const isShown = this.element.getAttribute("aria-pressed") !== "true";
    setAttribute(this.element, "aria-pressed", String(isShown));
    this.#onTwin(isShown);
  }
}
