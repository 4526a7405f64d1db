import type { AlarmSummary } from "../../../schema/alarm.ts";
import { arrange, element } from "../shell/element.ts";
import { AlarmRow, type AlarmRowListeners } from "./alarm-row.ts";

/** Alarms to be worked at, in the order given, and which of them are selected. */
export class AlarmList {
  readonly element = element("ol", { class: "desk-list" });
  readonly #listeners: AlarmRowListeners;
  /** Where the focus goes when there is no row left. */
  readonly #title: HTMLElement;
  #rows = new Map<number, AlarmRow>();

  constructor(title: HTMLElement, listeners: AlarmRowListeners) {
    this.#title = title;
    this.#listeners = listeners;
  }

  get size(): number {
    return this.#rows.size;
  }

  get selected(): readonly AlarmSummary[] {
    return [...this.#rows.values()].filter(({ isSelected }) => isSelected).map(({ alarm }) => alarm);
  }

  /** The alarm whose row has the focus. */
  get current(): AlarmSummary | undefined {
    return [...this.#rows.values()][this.#focusedIndex()]?.alarm;
  }

  /** Shows these; a row that stays is the same one, and keeps the focus and its tick. */
  show(alarms: readonly AlarmSummary[]): void {
    const focused = this.#focusedIndex();
    const rows = new Map<number, AlarmRow>();
    for (const alarm of alarms) {
      const row = this.#rows.get(alarm.id) ?? new AlarmRow(alarm, this.#listeners);
      row.show(alarm);
      rows.set(alarm.id, row);
    }
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.element.remove();
    this.#rows = rows;
    arrange(this.element, rows.values());
    if (focused !== -1 && this.#focusedIndex() === -1) this.#focus(focused);
  }

  selectAll(isSelected: boolean): void {
    for (const row of this.#rows.values()) row.select(isSelected);
  }

  /** Selects the row with the focus, or no longer; false when none has it. */
  toggle(): boolean {
    const row = [...this.#rows.values()][this.#focusedIndex()];
    row?.select(!row.isSelected);
    return row !== undefined;
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
