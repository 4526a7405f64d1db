import type { Severity } from "../../../schema/scored.ts";
import { element, find, setAttribute, setText } from "./element.ts";

/** What is said about one reading. */
export interface Description {
  readonly title: string;
  readonly value: string;
  readonly sentence: string;
  /** The range the shaded bar of the chart stands for, if there is one. */
  readonly expected: string;
  readonly isAnomaly: boolean;
  /** Of an anomaly, when it is known. */
  readonly severity?: Severity;
}

/** The one tooltip of the page: HTML rather than canvas, because a sentence is wider than a chart is high. */
export class Tooltip {
  readonly #box = find("#tooltip");
  readonly #title = element("div", { class: "tooltip-title" });
  readonly #value = element("div", { class: "tooltip-value" });
  readonly #sentence = element("div", { class: "tooltip-sentence" });
  readonly #expected = element("div", { class: "tooltip-expected" });
  #owner: object | undefined;

  constructor() {
    this.#box.append(this.#value, this.#title, this.#sentence, this.#expected);
    addEventListener("scroll", () => this.#close(), { passive: true });
    addEventListener("pointerdown", () => this.#close(), { passive: true });
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
  }

  /** Shows it above a point of the window. */
  show(owner: object, at: { readonly x: number; readonly y: number }, said: Description): void {
    this.#owner = owner;
    setText(this.#title, said.title);
    setText(this.#value, said.value);
    setText(this.#sentence, said.sentence);
    setText(this.#expected, said.expected === "" ? "" : `Expected ${said.expected}, shaded in the chart`);
    this.#box.classList.toggle("is-anomaly", said.isAnomaly);
    setAttribute(this.#box, "data-severity", said.severity ?? "");
    this.#box.hidden = false;
    const { offsetWidth, offsetHeight } = this.#box;
    const left = Math.min(
      Math.max(8, at.x - offsetWidth / 2),
      document.documentElement.clientWidth - offsetWidth - 8,
    );
    const above = at.y - offsetHeight - 14;
    this.#box.style.left = `${Math.max(8, left)}px`;
    this.#box.style.top = `${above < 8 ? at.y + 18 : above}px`;
  }

  /** Hides it if it still speaks of this owner. */
  hide(owner: object): void {
    if (this.#owner === owner) this.#close();
  }

  #close(): void {
    this.#owner = undefined;
    this.#box.hidden = true;
  }
}
