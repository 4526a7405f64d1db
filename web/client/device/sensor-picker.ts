import { sensorLabel } from "../../../schema/sensors.ts";
import { tick } from "../parts/controls.ts";
import { DropDown } from "../parts/drop-down.ts";
import { element, setText } from "../shell/element.ts";
import { withSensor } from "./shown.ts";

/** Chooses which sensors of a device are shown; hidden while there is nothing to choose. At least one is always shown. */
export class SensorPicker {
  readonly #ticks = element("div", { class: "picker-ticks" });
  readonly #dropDown = new DropDown("Sensors", [this.#ticks]);
  readonly element = this.#dropDown.element;
  readonly #onChoose: (sensors: readonly string[]) => void;
  #all: readonly string[] = [];
  #sensors: readonly string[] = [];

  constructor(onChoose: (sensors: readonly string[]) => void) {
    this.#onChoose = onChoose;
    this.element.dataset["picker"] = "sensors";
  }

  /** `all` sensors that the device is known to have, and those that are shown: all when none are named. */
  show(all: readonly string[], sensors: readonly string[]): void {
    if (all.join() !== this.#all.join()) {
      this.#all = all;
      this.#ticks.replaceChildren(...all.map((type) => this.#tickOf(type)));
    }
    this.#sensors = sensors;
    const isShown = (type: string): boolean => sensors.length === 0 || sensors.includes(type);
    for (const input of this.#ticks.querySelectorAll("input")) input.checked = isShown(input.name);
    const count = all.filter(isShown).length;
    setText(this.#dropDown.button, sensors.length === 0 ? "Sensors" : `Sensors: ${count} of ${all.length}`);
    this.element.hidden = all.length < 2 && sensors.length === 0;
  }

  open(): void {
    if (!this.element.hidden) this.#dropDown.open();
  }

  #tickOf(type: string): HTMLElement {
    const input = element("input", { name: type });
    input.addEventListener("change", () => {
      const wanted = withSensor(this.#all, { sensors: this.#sensors }, { type, isOn: input.checked });
      // Nobody wants to look at none; that would be all of them in an address.
      const isLast = wanted.length === 0 && !input.checked;
      if (isLast) input.checked = true;
      else this.#onChoose(wanted);
    });
    return tick(sensorLabel(type), input);
  }
}
