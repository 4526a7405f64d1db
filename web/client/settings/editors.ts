import { button } from "../parts/controls.ts";
import { element, setText } from "../shell/element.ts";
import type { Bench } from "./bench.ts";

interface Editable {
  readonly id: number;
  readonly version: number;
  readonly name: string;
}

/** What a form changes. */
export interface Edited<Item> {
  readonly item: Item;
  /** The item as it is known when the form is sent. */
  readonly current: () => Item;
  /** To be called then. */
  readonly onSaved: () => void;
}

interface EditorsDeps<Item> {
  readonly needs: "operator" | "admin";
  readonly form: (bench: Bench, edited: Edited<Item>) => HTMLElement;
  readonly describe: (item: Item) => string;
}

interface Editor<Item> {
  readonly element: HTMLElement;
  readonly note: HTMLElement;
  item: Item;
}

/**
 * The forms that are open in the rows of a list. They outlive the rows: when somebody else has changed an item meanwhile nothing typed is
 * lost, and the form says what would be replaced.
 */
export class Editors<Item extends Editable> {
  readonly #deps: EditorsDeps<Item>;
  readonly #open = new Map<number, Editor<Item>>();

  constructor(deps: EditorsDeps<Item>) {
    this.#deps = deps;
  }

  /** The button and the place of the form, for the row of an item. */
  partsOf(item: Item, bench: Bench): { readonly button: HTMLButtonElement; readonly place: HTMLElement } {
    const place = element("div", { class: "row-editor" });
    const show = (): void => place.replaceChildren(...this.#shownOf(item));
    const edit = button("Edit", () => this.#toggle(item, bench, show), {
      needs: this.#deps.needs,
      label: `Edit ${item.name}`,
    });
    show();
    return { button: edit, place };
  }

  #toggle(item: Item, bench: Bench, show: () => void): void {
    if (!this.#open.delete(item.id)) this.#open.set(item.id, this.#make(item, bench));
    show();
  }

  #make(item: Item, bench: Bench): Editor<Item> {
    const note = element("p", { class: "desk-note", role: "status" });
    const current = (): Item => this.#open.get(item.id)?.item ?? item;
    const made = this.#deps.form(bench, { item, current, onSaved: () => this.#open.delete(item.id) });
    return { element: element("div", {}, [note, made]), note, item };
  }

  #shownOf(item: Item): readonly HTMLElement[] {
    const editor = this.#open.get(item.id);
    if (editor === undefined) return [];
    if (editor.item.version !== item.version) {
      editor.item = item;
      const now = this.#deps.describe(item);
      setText(
        editor.note,
        `It was changed meanwhile, and is now: ${item.name}, ${now}. Saving replaces that.`,
      );
    }
    return [editor.element];
  }
}
