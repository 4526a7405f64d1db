import { HeldRows } from "./held-rows.ts";

/** A row of a list: one thing that can be selected, and have the focus. */
interface ListRow<Item> {
  readonly element: HTMLElement;
  readonly isSelected: boolean;
  show(item: Item): void;
  select(isSelected: boolean): void;
  focus(): void;
}

interface RowListDeps<Item, Row> {
  readonly host: HTMLElement;
  /** Where the focus goes when there is no row left. */
  readonly title: HTMLElement;
  readonly make: (item: Item) => Row;
}

/** A row for each of some things, known by their ids, in the order in which they are given once no mouse is about to press one. */
export class RowList<Item extends { readonly id: string | number }, Row extends ListRow<Item>> {
  readonly #deps: RowListDeps<Item, Row>;
  readonly #held: HeldRows<Item["id"], Row>;
  #rows = new Map<Item["id"], Row>();

  constructor(deps: RowListDeps<Item, Row>) {
    this.#deps = deps;
    this.#held = new HeldRows(deps.host);
  }

  get rows(): readonly Row[] {
    return this.#held.rows;
  }

  get selected(): readonly Row[] {
    return this.rows.filter(({ isSelected }) => isSelected);
  }

  /** The row that has the focus. */
  get current(): Row | undefined {
    return this.rows[this.#focusedIndex()];
  }

  /** Shows these; a row that stays is the same one, and with it the focus, its tick and what was scrolled in it. */
  show(items: readonly Item[]): void {
    const focused = this.#focusedIndex();
    const rows = new Map<Item["id"], Row>();
    for (const item of items) {
      const row = this.#rows.get(item.id) ?? this.#deps.make(item);
      row.show(item);
      rows.set(item.id, row);
    }
    this.#rows = rows;
    this.#held.place(rows);
    if (focused !== -1 && this.#focusedIndex() === -1) this.#focus(focused);
  }

  /** Something else is asked for: what stands there has no place to keep. */
  free(): void {
    this.#held.free();
  }

  selectAll(isSelected: boolean): void {
    for (const row of this.rows) row.select(isSelected);
  }

  /** To the row above or below the one in focus; to the first when none is. */
  move(step: -1 | 1): void {
    const from = this.#focusedIndex();
    this.#focus(from === -1 ? 0 : Math.max(0, from + step));
  }

  #focusedIndex(): number {
    const active = document.activeElement;
    return this.rows.findIndex((row) => row.element.contains(active));
  }

  /** The row at this place or, beyond the end, the last; the title when there is none left. */
  #focus(index: number): void {
    const { rows } = this;
    const row = rows[Math.min(index, rows.length - 1)];
    if (row === undefined) this.#deps.title.focus();
    else row.focus();
  }
}
