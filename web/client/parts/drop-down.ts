import { element } from "../shell/element.ts";

/** Something that opens below its button. Escape closes it, and so does a press or the focus elsewhere. */
export class DropDown {
  readonly element = element("details", { class: "drop-down" });
  readonly button = element("summary", { class: "plain-button" });

  constructor(label: string, content: readonly (Node | string)[]) {
    this.button.append(label);
    this.element.append(
      this.button,
      element("div", { class: "drop-down-sheet", role: "group", "aria-label": label }, content),
    );
    const closeOutside = ({ target }: Event): void => {
      if (!(target instanceof Node && this.element.contains(target))) this.close();
    };
    this.element.addEventListener("toggle", () => {
      // A press on something that cannot have the focus moves none.
      if (this.element.open) document.addEventListener("pointerdown", closeOutside);
      else document.removeEventListener("pointerdown", closeOutside);
    });
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.element.contains(relatedTarget)) this.close();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.element.open) return;
      event.preventDefault();
      this.close();
      this.button.focus();
    });
  }

  /** Opens it and goes to the first thing in it. */
  open(): void {
    this.element.open = true;
    this.element.querySelector<HTMLElement>(".drop-down-sheet :is(input, button, select)")?.focus();
  }

  close(): void {
    this.element.open = false;
  }
}
