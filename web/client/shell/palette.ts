import { api, ask } from "../api/asking.ts";
import { addressOf, fetchViews } from "../devices/views-api.ts";
import { element, setAttribute } from "./element.ts";
import type { Command } from "./page.ts";
import type { Route } from "./router.ts";

const settleMs = 150;
const mostDevices = 8;

export interface PaletteDeps {
  readonly routes: readonly Route[];
  readonly go: (url: string) => void;
  /** What can be done on the page that is open. */
  readonly commands: () => readonly Command[];
}

/** Goes to a page, a saved view or a device by a few letters of its name, or does what the page that is open can do. */
export class Palette {
  readonly #dialog = element("dialog", { class: "palette", "aria-label": "Go to, or do" });
  readonly #input = element("input", {
    ...{ type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list" },
    ...{
      "aria-label": "Page, view, device or command",
      placeholder: "Page, view, device or command",
      autocomplete: "off",
      spellcheck: "false",
    },
  });
  readonly #list = element("ul", { id: "palette-list", role: "listbox", "aria-label": "Found" });
  readonly #pages: readonly Command[];
  readonly #deps: PaletteDeps;
  #commands: readonly Command[] = [];
  #views: readonly Command[] = [];
  #devices: readonly Command[] = [];
  #choices: readonly Command[] = [];
  #current = 0;
  #timer: number | undefined;
  #questions = 0;

  constructor(deps: PaletteDeps) {
    this.#deps = deps;
    this.#pages = deps.routes.flatMap(({ label, pattern }) =>
      label === undefined ? [] : this.#leadingTo(label, pattern),
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
    this.#commands = this.#deps.commands();
    this.#showFitting();
    this.#dialog.showModal();
    void this.#findViews();
    void this.#search();
  }

  async #findViews(): Promise<void> {
    const views = await fetchViews().catch(() => []);
    this.#views = views.map((view) => this.#leadingTo(`Devices: ${view.name}`, addressOf(view)));
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
    this.#devices = found.devices.map(({ id }) => this.#leadingTo(id, `/devices/${encodeURIComponent(id)}`));
    this.#showFitting();
  }

  #showFitting(): void {
    const wanted = this.#input.value.trim().toLowerCase();
    const fits = ({ text }: Command): boolean => text.toLowerCase().includes(wanted);
    const places = [...this.#pages, ...this.#views, ...this.#commands].filter(fits);
    this.#show([...places, ...this.#devices.filter(fits).slice(0, mostDevices)]);
  }

  #leadingTo(text: string, url: string): Command {
    return { text, run: () => this.#deps.go(url) };
  }

  #show(choices: readonly Command[]): void {
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
    choice.run();
  }

  #takeKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") this.#mark(this.#current + 1);
    else if (event.key === "ArrowUp") this.#mark(this.#current - 1);
    else if (event.key === "Enter") this.#choose(this.#current);
    else return;
    event.preventDefault();
  }
}
