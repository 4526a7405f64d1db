import type { Span } from "../charts/span.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import type { Zone } from "../shell/zone.ts";
import { formatBound, presets, type Range } from "./range.ts";
import { RangeForm } from "./range-form.ts";

interface ToolbarDeps {
  readonly onRange: (range: Range) => void;
  readonly onZone: (zone: Zone) => void;
  readonly onCopyRange: () => void;
  /** Pauses what is live, resumes what is paused, and goes back to now from an older range. */
  readonly onPlay: () => void;
}

/** How the page stands towards now. */
export type Pace =
  | { readonly kind: "live" }
  | { readonly kind: "paused"; readonly missed: number }
  /** The range has an end of its own. */
  | { readonly kind: "past" };

/** The range of time of all charts of a device, and whether they follow now. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly form: RangeForm;
  readonly #presets: readonly HTMLButtonElement[];
  readonly #play = element("button", { type: "button", class: "plain-button pace" });

  constructor(deps: ToolbarDeps) {
    this.form = new RangeForm({ ...deps, onCopy: deps.onCopyRange });
    this.#presets = presets.map(([label, from]) => {
      const button = element("button", { type: "button", class: "plain-button", "data-from": from }, [label]);
      button.addEventListener("click", () => this.form.choose(from, "now"));
      return button;
    });
    this.#play.addEventListener("click", () => deps.onPlay());
    const group = { class: "range-presets", role: "group", "aria-label": "Range" };
    this.element = element("div", { class: "toolbar" }, [
      element("div", group, this.#presets),
      this.#play,
      this.form.element,
      this.form.fault,
    ]);
  }

  show(range: Range, span: Span, pace: Pace): void {
    const [from, to] = [formatBound(range.from), formatBound(range.to)];
    for (const button of this.#presets) {
      const isChosen = to === "now" && button.dataset["from"] === from;
      setAttribute(button, "aria-pressed", String(isChosen));
    }
    this.form.show(range, span);
    setAttribute(this.#play, "data-pace", pace.kind);
    setText(this.#play, describePace(pace));
  }
}

function describePace(pace: Pace): string {
  switch (pace.kind) {
    case "live":
      return "Live";
    case "paused":
      return pace.missed === 1 ? "Paused – 1 new point" : `Paused – ${pace.missed} new points`;
    case "past":
      return "Back to now";
  }
}
