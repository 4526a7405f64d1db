import { element, setAttribute, setText } from "../shell/element.ts";
import { formatBound, parseBound, presets, type Range, rangeFault, typedBound } from "./range.ts";

interface ToolbarDeps {
  readonly onRange: (range: Range) => void;
  /** Pauses what is live, resumes what is paused, and goes back to now from an older range. */
  readonly onPlay: () => void;
  readonly onTwin: (isShown: boolean) => void;
}

/** How the page stands towards now. */
export type Pace =
  | { readonly kind: "live" }
  | { readonly kind: "paused"; readonly missed: number }
  /** The range has an end of its own. */
  | { readonly kind: "past" };

/** The range of time, live or paused, and what else is chosen for all charts of a device. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly csv = element("a", { class: "plain-button", download: "" }, ["CSV"]);
  readonly parquet = element("a", { class: "plain-button", download: "" }, ["Parquet"]);
  readonly #presets: readonly HTMLButtonElement[];
  readonly #from = element("input", { name: "from", autocomplete: "off", spellcheck: "false", size: "17" });
  readonly #to = element("input", { name: "to", autocomplete: "off", spellcheck: "false", size: "17" });
  readonly #fault = element("p", { class: "range-fault", role: "alert" });
  readonly #play = element("button", { type: "button", class: "plain-button pace" });
  readonly #twin = element("button", { type: "button", class: "plain-button", "aria-pressed": "false" }, [
    "Table",
  ]);
  readonly #deps: ToolbarDeps;

  constructor(deps: ToolbarDeps) {
    this.#deps = deps;
    this.#presets = presets.map(([label, from]) => {
      const button = element("button", { type: "button", class: "plain-button", "data-from": from }, [label]);
      button.addEventListener("click", () => this.#choose(from, "now"));
      return button;
    });
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const form = element("form", { class: "range-form" }, [
      element("label", {}, ["From ", this.#from]),
      element("label", {}, ["to ", this.#to]),
      element("button", { type: "submit", class: "plain-button" }, ["Show"]),
      element("span", { class: "range-zone", title: "now, now-6h, or a date and a time of day" }, [zone]),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose(this.#from.value, this.#to.value);
    });
    this.#play.addEventListener("click", () => deps.onPlay());
    this.#twin.addEventListener("click", () => this.toggleTwin());
    const group = { class: "range-presets", role: "group", "aria-label": "Range" };
    this.element = element("div", { class: "toolbar" }, [
      element("div", group, this.#presets),
      this.#play,
      form,
      element("div", { class: "toolbar-end" }, [this.#twin, this.csv, this.parquet]),
      this.#fault,
    ]);
  }

  show(range: Range, pace: Pace): void {
    const [from, to] = [formatBound(range.from), formatBound(range.to)];
    for (const button of this.#presets) {
      const isChosen = to === "now" && button.dataset["from"] === from;
      setAttribute(button, "aria-pressed", String(isChosen));
    }
    // Left alone while somebody types.
    if (document.activeElement !== this.#from) this.#from.value = typedBound(range.from);
    if (document.activeElement !== this.#to) this.#to.value = typedBound(range.to);
    setAttribute(this.#play, "data-pace", pace.kind);
    setText(this.#play, describePace(pace));
  }

  toggleTwin(): void {
    const isShown = this.#twin.getAttribute("aria-pressed") !== "true";
    setAttribute(this.#twin, "aria-pressed", String(isShown));
    this.#deps.onTwin(isShown);
  }

  #choose(fromText: string, toText: string): void {
    const [from, to] = [parseBound(fromText), parseBound(toText)];
    const fault =
      from === undefined || to === undefined
        ? "Write now, now-6h, or a date and a time such as 2026-11-29 18:40."
        : rangeFault({ from, to }, Date.now());
    setText(this.#fault, fault ?? "");
    if (from !== undefined && to !== undefined && fault === undefined) this.#deps.onRange({ from, to });
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
