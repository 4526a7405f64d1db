import { button } from "../parts/controls.ts";
import { element, setText } from "../shell/element.ts";
import { formatAge, formatMoment } from "../shell/format.ts";
import type { Trace } from "./trace.ts";

type Traces = ReadonlyMap<string, Pick<Trace, "stored" | "heard">>;

interface Wishes {
  /** To the time of the newest reading. */
  readonly onGo: (atMs: number) => void;
  readonly onAll: () => void;
}

/** Whether none of these sensors has a reading; all are meant when none is named. */
export function isSilent(traces: Traces, sensors: readonly string[]): boolean {
  const isMeant = (type: string): boolean => sensors.length === 0 || sensors.includes(type);
  return [...traces].every(([type, { stored, heard }]) => !isMeant(type) || stored.length + heard.size === 0);
}

/** What stands in the place of the charts when they have no readings: where some are. It stays the same, and with it the focus. */
export class NoReadings {
  readonly element = element("div", { class: "device-nothing", hidden: "" });
  readonly #said = element("p");
  readonly #go: HTMLButtonElement;
  readonly #all: HTMLButtonElement;
  #latestMs = 0;

  constructor({ onGo, onAll }: Wishes) {
    this.#go = button("Go there", () => onGo(this.#latestMs));
    this.#all = button("Show all sensors", onAll);
    this.element.append(this.#said, this.#go, this.#all);
  }

  /** Answers whether it is to be seen: the sensors that are chosen have nothing. */
  show(traces: Traces, sensors: readonly string[], latestUs: number | undefined): boolean {
    const isEmpty = isSilent(traces, sensors);
    const hasOthers = isEmpty && !isSilent(traces, []);
    this.element.hidden = !isEmpty;
    this.#all.hidden = !hasOthers;
    this.#go.hidden = hasOthers || latestUs === undefined;
    this.#latestMs = (latestUs ?? 0) / 1000;
    setText(
      this.#said,
      hasOthers ? "The chosen sensors have no readings in this range." : this.#where(latestUs),
    );
    return isEmpty;
  }

  #where(latestUs: number | undefined): string {
    if (latestUs === undefined) return "Nothing was ever heard of this device.";
    const atMs = this.#latestMs;
    return `No readings in this range. The last came ${formatAge(Date.now() - atMs)}, ${formatMoment(atMs)}.`;
  }
}
