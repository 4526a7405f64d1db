import type { AlarmSummary } from "../../../schema/alarm.ts";
import { isUnacknowledged } from "../../../schema/unseen.ts";
import { button } from "../parts/controls.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { describeInList, nameInList } from "./alarm-words.ts";

export interface AlarmRowListeners {
  readonly onSelect: () => void;
  readonly onAcknowledge: (alarm: AlarmSummary) => void;
}

/** One alarm in the list: how bad it is, what it is about, how it stands, and that it is taken on. */
export class AlarmRow {
  readonly element: HTMLElement;
  readonly #tick = element("input", { type: "checkbox" });
  readonly #link = element("a");
  readonly #sentence = element("p", { class: "alarm-text" });
  readonly #severity = element("span", { class: "severity-word" });
  readonly #facts = element("span");
  readonly #acknowledge: HTMLButtonElement;
  #shown: AlarmSummary;

  constructor(alarm: AlarmSummary, { onSelect, onAcknowledge }: AlarmRowListeners) {
    this.#shown = alarm;
    this.#tick.addEventListener("change", onSelect);
    this.#acknowledge = button("Acknowledge", () => onAcknowledge(this.#shown), { needs: "operator" });
    this.element = element("li", { class: "alarm-row", "data-alarm": String(alarm.id) }, [
      element("label", { class: "row-tick needs-operator" }, [this.#tick]),
      element("span", { class: "severity-mark", "aria-hidden": "true" }),
      element("div", { class: "desk-what" }, [
        this.#link,
        this.#sentence,
        element("small", {}, [this.#severity, " · ", this.#facts]),
      ]),
      this.#acknowledge,
    ]);
    setAttribute(this.#link, "href", `/alarms/${alarm.id}`);
    this.show(alarm);
  }

  get alarm(): AlarmSummary {
    return this.#shown;
  }

  get isSelected(): boolean {
    return this.#tick.checked;
  }

  show(alarm: AlarmSummary): void {
    this.#shown = alarm;
    const { severity, state } = alarm;
    setAttribute(this.element, "data-severity", severity);
    setAttribute(this.element, "data-state", state);
    const name = nameInList(alarm);
    setText(this.#link, name);
    setText(this.#sentence, alarm.peak.sentence);
    setText(this.#severity, severity);
    setText(this.#facts, describeInList(alarm));
    setAttribute(this.#tick, "aria-label", `Select ${name}`);
    setAttribute(this.#acknowledge, "aria-label", `Acknowledge ${name}`);
    // What is hidden loses the focus, so it goes to what stands beside it.
    const isTaken = !isUnacknowledged(alarm);
    if (isTaken && this.#acknowledge === document.activeElement) this.focus();
    this.#acknowledge.hidden = isTaken;
  }

  select(isSelected: boolean): void {
    this.#tick.checked = isSelected;
  }

  focus(): void {
    this.#link.focus();
  }
}
