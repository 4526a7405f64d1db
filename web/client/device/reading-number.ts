import { sensorUnit } from "../../../schema/sensors.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatMoment, formatValue } from "../shell/format.ts";
import { type Beside, describeBeside } from "./latest.ts";

/** What a sensor measured, as the number beside its chart, and when that was. */
export class ReadingNumber {
  readonly element: HTMLElement;
  readonly #age = element("time", { class: "sensor-age" });
  readonly #value = element("span", { class: "sensor-value" }, ["–"]);

  constructor(sensorType: string) {
    this.element = element("span", { class: "sensor-reading" }, [
      this.#age,
      this.#value,
      element("span", { class: "sensor-unit" }, [sensorUnit(sensorType)]),
    ]);
  }

  show(beside: Beside | undefined, nowMs: number): void {
    setText(this.#value, beside === undefined ? "–" : formatValue(beside.value));
    setText(this.#age, beside === undefined ? "" : describeBeside(beside, nowMs));
    if (beside === undefined) return;
    const atMs = beside.tsUs / 1000;
    setAttribute(this.#age, "datetime", new Date(atMs).toISOString());
    setAttribute(this.#age, "title", formatMoment(atMs));
  }
}
