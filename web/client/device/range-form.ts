import type { Span } from "../charts/span.ts";
import { choice, field } from "../parts/controls.ts";
import { DropDown } from "../parts/drop-down.ts";
import { element, setText } from "../shell/element.ts";
import { shownZone, type Zone, zoneName } from "../shell/zone.ts";
import { parseBound, type Range, rangeFault, typedBound } from "./range.ts";
import { rangeOfText } from "./range-text.ts";

interface RangeFormDeps {
  readonly onRange: (range: Range) => void;
  readonly onZone: (zone: Zone) => void;
  readonly onCopy: () => void;
}

/**
 * A range to be typed, pasted, or chosen in a calendar. The calendar is the browser's own: it speaks the operator's language, works by
 * keyboard and with a screen reader, and is the one that a phone's owner knows; one of ours would be the largest part of this page and
 * still know less.
 */
export class RangeForm {
  readonly element: HTMLFormElement;
  readonly fault = element("p", { class: "range-fault", role: "alert" });
  readonly #deps: RangeFormDeps;
  readonly #from = textBound("from");
  readonly #to = textBound("to");
  readonly #calendarFrom = calendarBound();
  readonly #calendarTo = calendarBound();
  readonly #calendar: DropDown;

  constructor(deps: RangeFormDeps) {
    this.#deps = deps;
    this.#calendar = this.#openCalendar();
    this.element = element("form", { class: "range-form" }, [
      element("label", {}, ["From ", this.#from]),
      element("label", {}, ["to ", this.#to]),
      element("button", { type: "submit", class: "plain-button" }, ["Show"]),
      this.#calendar.element,
    ]);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.choose(this.#from.value, this.#to.value);
    });
  }

  show(range: Range, { fromMs, toMs }: Span): void {
    const zone = shownZone();
    setText(this.#calendar.button, `Calendar (${zoneName(zone)})`);
    // Left alone while somebody types.
    const write = (input: HTMLInputElement, text: string): void => {
      if (document.activeElement !== input && input.value !== text) input.value = text;
    };
    write(this.#from, typedBound(range.from, zone));
    write(this.#to, typedBound(range.to, zone));
    if (this.#calendar.element.open) return;
    const moment = (atMs: number): string => typedBound({ kind: "at", atMs }, zone).replace(" ", "T");
    write(this.#calendarFrom, moment(fromMs));
    write(this.#calendarTo, moment(toMs));
  }

  choose(fromText: string, toText: string): void {
    const [from, to] = [fromText, toText].map((text) => parseBound(text, shownZone()));
    if (from === undefined || to === undefined)
      this.#refuse("Write now, now-6h, or a date and a time such as 2026-11-29 18:40.");
    else this.#take({ from, to });
  }

  /** What somebody pastes, when it is a range; false when it is not. */
  paste(text: string): boolean {
    const range = rangeOfText(text, shownZone());
    if (range === undefined) return false;
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
    this.#take(range);
    return true;
  }

  #take(range: Range): void {
    const fault = rangeFault(range, Date.now());
    this.#refuse(fault ?? "");
    if (fault !== undefined) return;
    this.#calendar.close();
    this.#deps.onRange(range);
  }

  #refuse(fault: string): void {
    setText(this.fault, fault);
  }

  #openCalendar(): DropDown {
    const local = zoneName("local");
    const zones = choice(
      [
        ["local", local],
        ["utc", "UTC"],
      ],
      { name: "zone" },
    );
    zones.value = shownZone();
    zones.addEventListener("change", () => this.#deps.onZone(zones.value === "utc" ? "utc" : "local"));
    const show = element("button", { type: "button", class: "plain-button" }, ["Show these"]);
    show.addEventListener("click", () => this.choose(this.#calendarFrom.value, this.#calendarTo.value));
    const copy = element("button", { type: "button", class: "plain-button" }, ["Copy range"]);
    copy.addEventListener("click", () => this.#deps.onCopy());
    return new DropDown("Calendar and time zone", [
      field("From", this.#calendarFrom),
      field("To", this.#calendarTo),
      // Where the browser's own clocks are UTC there is nothing to choose.
      ...(local === "UTC" ? [] : [field("Times by the clocks of", zones)]),
      element("div", { class: "desk-buttons" }, [show, copy]),
      element("p", { class: "desk-note" }, ["A range that was copied can be pasted anywhere on this page."]),
    ]);
  }
}

function textBound(name: string): HTMLInputElement {
  return element("input", {
    ...{ name, type: "text", autocomplete: "off", spellcheck: "false", size: "17" },
    title: "now, now-6h, or a date and a time of day",
  });
}

function calendarBound(): HTMLInputElement {
  return element("input", { type: "datetime-local", step: "1" });
}
