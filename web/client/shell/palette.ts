import { api, ask } from "../api/asking.ts";
import { addressOf, fetchViews } from "../devices/views-api.ts";
import { element, setAttribute } from "./element.ts";
import type { Route } from "./router.ts";

const settleMs = 150;
const mostDevices = 8;

interface Choice {
  readonly text: string;
  readonly href: string;
}

/** Goes to a page, a saved view or a device by a few letters of its name. */
export class Palette {
  readonly #dialog = element("dialog", { class: "palette", "aria-label": "Go to" });
  readonly #input = element("input", {
    ...{ type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list" },
    ...{
      "aria-label": "Page, view or device",
      placeholder: "Page, view or device",
      autocomplete: "off",
      spellcheck: "false",
    },
  });
  readonly #list = element("ul", { id: "palette-list", role: "listbox", "aria-label": "Found" });
  readonly #pages: readonly Choice[];
  readonly #go: (url: string) => void;
  #views: readonly Choice[] = [];
  #devices: readonly Choice[] = [];
  #choices: readonly Choice[] = [];
  #current = 0;
  #timer: number | undefined;
  #questions = 0;

  constructor(routes: readonly Route[], go: (url: string) => void) {
    this.#go = go;
    this.#pages = routes.flatMap(({ label, pattern }) =>
      label === undefined ? [] : { text: label, href: pattern },
    );
    this.#dialog.append(this.#input, this.#list);
    document.body.append(this.#dialog);
    this.#input.addEventListener("input", () => {
      // What is known is narrowed at once, so that Enter never takes what no longer fits.
      this.#showFitting();
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#search(), settleMs);
    });
    this.#dialog.addEventListener("keydown", (event) => this.#takeKey(event));
  }

  open(): void {
    this.#input.value = "";
    this.#showFitting();
    this.#dialog.showModal();
    void this.#search();
    void this.#findViews();
  }

  /** Those that cannot be had are not offered; the list itself says why. */
  async #findViews(): Promise<void> {
    const views = await fetchViews().catch(() => []);
    this.#views = views.map((view) => ({ text: `Devices: ${view.name}`, href: addressOf(view) }));
    this.#showFitting();
  }

  async #search(): Promise<void> {
    this.#questions += 1;
    const question = this.#questions;
    const wanted = this.#input.value.trim();
    const query = { limit: 50, ...(wanted === "" ? {} : { q: wanted }) };
    const asked = ask(() => api.GET("/api/v1/devices", { params: { query } }));
    const found = await asked.catch(() => undefined);
    if (found === undefined || question !== this.#questions) return;
    this.#devices = found.devices.map(({ id }) => ({ text: id, href: `/devices/${encodeURIComponent(id)}` }));
    this.#showFitting();
  }

  #showFitting(): void {
    const wanted = this.#input.value.trim().toLowerCase();
    const fits = ({ text }: Choice): boolean => text.toLowerCase().includes(wanted);
    const places = [...this.#pages, ...this.#views].filter(fits);
    this.#show([...places, ...this.#devices.filter(fits).slice(0, mostDevices)]);
  }

  #show(choices: readonly Choice[]): void {
    this.#choices = choices;
    const rows = choices.map(({ text }, at) => {
      const row = element("li", { id: `palette-${at}`, role: "option" }, [text]);
      row.addEventListener("click", () => this.#choose(at));
      return row;
    });
    this.#list.replaceChildren(...rows);
    this.#mark(0);
  }

  #mark(at: number): void {
    this.#current = Math.min(Math.max(at, 0), this.#choices.length - 1);
    for (const [index, row] of [...this.#list.children].entries())
      if (row instanceof HTMLElement) setAttribute(row, "aria-selected", String(index === this.#current));
    this.#input.setAttribute("aria-activedescendant", `palette-${this.#current}`);
    this.#list.children[this.#current]?.scrollIntoView({ block: "nearest" });
  }

  #choose(at: number): void {
    const choice = this.#choices[at];
    if (choice === undefined) return;
    this.#dialog.close();
    this.#go(choice.href);
  }

  #takeKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") this.#mark(this.#current + 1);
    else if (event.key === "ArrowUp") this.#mark(this.#current - 1);
    else if (event.key === "Enter") this.#choose(this.#current);
    else return;
    event.preventDefault();
  }
}
