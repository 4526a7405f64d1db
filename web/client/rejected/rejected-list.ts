import { arrange } from "../shell/element.ts";
import { RejectedRow, type RowListeners } from "./rejected-row.ts";
import type { RejectedItem } from "./rejected-words.ts";

interface ListListeners extends Pick<RowListeners, "onReplay" | "onDiscard"> {
  readonly onSelect: () => void;
}

interface ListPlace {
  readonly host: HTMLElement;
  /** Where the focus goes when there is no row left. */
  readonly title: HTMLElement;
}

/** The refused messages that are shown, newest first, and which of them are selected. */
export class RejectedList {
  readonly #host: HTMLElement;
  readonly #title: HTMLElement;
  readonly #listeners: RowListeners;
  readonly #selected = new Set<string>();
  #rows = new Map<string, RejectedRow>();
  #newestUs: number | undefined;

  constructor({ host, title }: ListPlace, { onSelect, ...listeners }: ListListeners) {
    this.#host = host;
    this.#title = title;
    this.#listeners = {
      ...listeners,
      onSelect: (id, isSelected) => {
        if (isSelected) this.#selected.add(id);
        else this.#selected.delete(id);
        onSelect();
      },
    };
  }

  get size(): number {
    return this.#rows.size;
  }

  get selected(): readonly string[] {
    return [...this.#selected];
  }

  /** When the newest that is shown was refused: what came later nobody has seen. */
  get newestUs(): number | undefined {
    return this.#newestUs;
  }

  /** Shows these; a row that stays keeps its place in the page, and with it the focus and what was scrolled in it. */
  show(items: readonly RejectedItem[]): void {
    const focused = this.#focusedIndex();
    const rows = new Map<string, RejectedRow>();
    for (const item of items) {
      const row = this.#rows.get(item.id) ?? new RejectedRow(item, this.#listeners);
      row.show(item);
      rows.set(item.id, row);
    }
    for (const [id, row] of this.#rows) {
      if (rows.has(id)) continue;
      this.#selected.delete(id);
      row.element.remove();
    }
    this.#rows = rows;
    arrange(this.#host, rows.values());
    this.#newestUs = items[0]?.receivedUs;
    if (focused !== -1 && this.#focusedIndex() === -1) this.#focus(focused);
  }

  clear(): void {
    this.show([]);
  }

  selectAll(isSelected: boolean): void {
    for (const [id, row] of this.#rows) {
      row.select(isSelected);
      this.#listeners.onSelect(id, isSelected);
    }
  }

  tick(nowMs: number): void {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  /** To the row above or below the one in focus; to the first when none is. */
  move(step: -1 | 1): void {
    const from = this.#focusedIndex();
    this.#focus(from === -1 ? 0 : Math.max(0, from + step));
  }

  /** The id of the message whose row has the focus. */
  current(): string | undefined {
    return [...this.#rows.keys()][this.#focusedIndex()];
  }

  #focusedIndex(): number {
    const active = document.activeElement;
    return [...this.#rows.values()].findIndex((row) => row.element.contains(active));
  }

  /** The row at this place or, beyond the end, the last; the title when there is none left. */
  #focus(index: number): void {
    const rows = [...this.#rows.values()];
    const row = rows[Math.min(index, rows.length - 1)];
    if (row === undefined) this.#title.focus();
    else row.focus();
  }
}
