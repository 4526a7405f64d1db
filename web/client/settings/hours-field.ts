import type { Hours } from "../../../schema/notification.ts";
import { field, textInput, tick } from "../parts/controls.ts";
import { element } from "../shell/element.ts";

/** Some hours of some days of a week. */
export type WeekHours = Pick<Hours, "days" | "from" | "to">;

const dayNames = {
  ...{ mon: "Mon", tue: "Tue", wed: "Wed", thu: "Thu", fri: "Fri", sat: "Sat", sun: "Sun" },
} as const satisfies Record<WeekHours["days"][number], string>;
// Object.entries forgets which names there are.
const days = Object.entries(dayNames) as readonly (readonly [WeekHours["days"][number], string])[];
const workdays: WeekHours = { days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "17:00" };

/** Always, or only in some hours of some days. */
export class HoursField {
  readonly element: HTMLFieldSetElement;
  readonly #isOnly: HTMLInputElement;
  readonly #days: ReadonlyMap<WeekHours["days"][number], HTMLInputElement>;
  readonly #from: HTMLInputElement;
  readonly #to: HTMLInputElement;
  readonly #detail: HTMLElement;

  /** `more` belongs to the hours, and is shown with them. */
  constructor(legend: string, shown: WeekHours | null, more: readonly HTMLElement[] = []) {
    const { days: on, from, to } = shown ?? workdays;
    // As attributes, so that emptying the form leads back to them.
    const ticked = (is: boolean) => (is ? { checked: "" } : {});
    this.#isOnly = element("input", { name: "only", ...ticked(shown !== null) });
    this.#days = new Map(
      days.map(([day]) => [day, element("input", { name: day, ...ticked(on.includes(day)) })]),
    );
    // A field for a time of day has no 24:00.
    const clock = { pattern: "([01]\\d|2[0-3]):[0-5]\\d|24:00", placeholder: "08:00", size: "6" };
    this.#from = textInput({ ...clock, name: "hours-from", value: from });
    this.#to = textInput({ ...clock, name: "hours-to", value: to });
    const dayTicks = [...this.#days].map(([day, input]) => tick(dayNames[day], input));
    this.#detail = element("div", { class: "desk-form" }, [
      element("div", { class: "hours-days" }, dayTicks),
      field("From", this.#from),
      field("To", this.#to),
      ...more,
    ]);
    this.element = element("fieldset", { class: "field is-wide" }, [
      element("legend", { class: "unseen" }, [legend]),
      tick(legend, this.#isOnly),
      this.#detail,
    ]);
    this.#isOnly.addEventListener("change", () => this.follow());
    this.follow();
  }

  /** Shows what belongs to what is ticked, such as after the form was emptied. */
  follow(): void {
    this.#detail.hidden = !this.#isOnly.checked;
    for (const input of this.#detail.querySelectorAll("input, select"))
      input.toggleAttribute("disabled", !this.#isOnly.checked);
    for (const input of [this.#from, this.#to]) input.required = this.#isOnly.checked;
  }

  /** Null: always. @throws with a sentence when no day is ticked. */
  read(): WeekHours | null {
    if (!this.#isOnly.checked) return null;
    const chosen = days.filter(([day]) => this.#days.get(day)?.checked === true).map(([day]) => day);
    if (chosen.length === 0) throw new Error("Choose at least one day, or let it be always.");
    return { days: chosen, from: this.#from.value, to: this.#to.value };
  }
}
