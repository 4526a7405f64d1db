import type { AlarmSummary } from "../../../schema/alarm.ts";
import { button, choice } from "../parts/controls.ts";
import { startListKeys } from "../parts/list-keys.ts";
import { Result } from "../parts/result.ts";
import { RowList } from "../parts/row-list.ts";
import { element, setText } from "../shell/element.ts";
import { formatCount } from "../shell/format.ts";
import { may } from "../shell/signing.ts";
import { AlarmRow } from "./alarm-row.ts";
import { shelfTimes } from "./alarm-words.ts";
import { changeMany, concerned, type ManyWish } from "./alarm-work.ts";

/** A list of alarms, and what can be done about one of them or about those that are selected. */
export class AlarmBench {
  readonly element: HTMLElement;
  readonly #title = element("h3", { tabindex: "-1" }, ["Alarms"]);
  readonly #all = element("input", { type: "checkbox", "aria-label": "Select all that are shown" });
  readonly #acknowledge = button("Acknowledge", () => this.#acknowledgeAll(this.#selected()));
  readonly #shelve = button("Shelve", () => this.#shelveAll());
  readonly #shelf = choice(shelfTimes, { name: "shelf" });
  readonly #result = new Result();
  readonly #rows = element("ol", { class: "desk-list" });
  readonly #list: RowList<AlarmSummary, AlarmRow>;
  readonly #refresh: () => Promise<void>;
  readonly #endKeys: () => void;
  #isBusy = false;

  /** `refresh` asks what has become of the alarms, and shows it. */
  constructor(refresh: () => Promise<void>) {
    this.#refresh = refresh;
    const listeners = {
      onSelect: () => this.#showTools(),
      onAcknowledge: (alarm: AlarmSummary) => this.#acknowledgeAll([alarm]),
    };
    const make = (alarm: AlarmSummary): AlarmRow => new AlarmRow(alarm, listeners);
    this.#list = new RowList({ host: this.#rows, title: this.#title, make });
    this.#all.addEventListener("change", () => {
      this.#list.selectAll(this.#all.checked);
      this.#showTools();
    });
    const tools = element("div", { class: "desk-buttons alarm-tools needs-operator" }, [
      element("label", { class: "row-tick" }, [this.#all]),
      ...[this.#acknowledge, this.#shelve, element("label", {}, ["for ", this.#shelf])],
    ]);
    this.element = element("section", { class: "desk-section", "aria-label": "Alarms" }, [
      ...[this.#title, tools, this.#result.element, this.#rows],
    ]);
    this.#endKeys = startListKeys(this.#rows, "a", (key) => this.#obey(key));
    this.#showTools();
  }

  show(alarms: readonly AlarmSummary[]): void {
    this.#list.show(alarms);
    this.#showTools();
  }

  /** Other alarms are asked for. */
  free(): void {
    this.#list.free();
  }

  stop(): void {
    this.#endKeys();
  }

  #selected(): readonly AlarmSummary[] {
    return this.#list.selected.map(({ alarm }) => alarm);
  }

  #showTools(): void {
    const selected = this.#selected();
    const size = this.#list.rows.length;
    for (const [tool, word, kind] of [
      [this.#acknowledge, "Acknowledge", "acknowledge"],
      [this.#shelve, "Shelve", "shelve"],
    ] as const) {
      const count = concerned(selected, kind).length;
      setText(tool, count === 0 ? word : `${word} ${formatCount(count)}`);
      tool.disabled = count === 0 || this.#isBusy;
    }
    this.#all.disabled = size === 0;
    this.#all.checked = size > 0 && selected.length === size;
    this.#all.indeterminate = selected.length > 0 && selected.length < size;
  }

  #acknowledgeAll(alarms: readonly AlarmSummary[]): void {
    void this.#run(alarms, { kind: "acknowledge" });
  }

  #shelveAll(): void {
    void this.#run(this.#selected(), { kind: "shelve", seconds: Number(this.#shelf.value) });
  }

  /** Does it, says what came of it and shows what is left. One at a time. */
  async #run(alarms: readonly AlarmSummary[], wish: ManyWish): Promise<void> {
    const meant = concerned(alarms, wish.kind);
    if (meant.length === 0 || this.#isBusy || !may("operator")) return;
    this.#isBusy = true;
    // A button that goes dark loses the focus.
    if (!this.#rows.contains(document.activeElement)) this.#title.focus();
    this.#showTools();
    await this.#result.run(async () => {
      const sentence = await changeMany(meant, wish);
      this.#list.selectAll(false);
      // Said when the rows have changed: whoever is quick would work at what they were.
      await this.#refresh();
      return sentence;
    });
    this.#isBusy = false;
    this.#showTools();
  }

  /** Whether the key means something in the list. */
  #obey(key: string): boolean {
    const { current } = this.#list;
    if (key === "x" && may("operator")) {
      current?.select(!current.isSelected);
      this.#showTools();
      return current !== undefined;
    }
    if (key !== "a") return false;
    // What is selected is meant before the row that the keyboard happens to be at.
    const selected = this.#selected();
    const meant = selected.length > 0 || current === undefined ? selected : [current.alarm];
    this.#acknowledgeAll(meant);
    return meant.length > 0;
  }
}
