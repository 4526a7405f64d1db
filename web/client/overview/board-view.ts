import type { DeviceSummary } from "../../../schema/api.ts";
import { setText } from "../shell/element.ts";
import { isInView, type Pins, readView, usualView, type View, writeView } from "./pins.ts";
import { ViewChoice } from "./view-choice.ts";

interface BoardViewDeps {
  readonly pins: Pins;
  readonly hasAlarm: (deviceId: string) => boolean;
  /** Says why the board is empty although there are devices. */
  readonly nothing: HTMLElement;
  readonly onChange: () => void;
}

/** Which of the devices are on the board: what somebody chose, or what is usual for a fleet of this size. */
export class BoardView {
  readonly #deps: BoardViewDeps;
  readonly #choice = new ViewChoice((view) => this.choose(view));
  #chosen = readView();

  constructor(deps: BoardViewDeps) {
    this.#deps = deps;
  }

  get element(): HTMLElement {
    return this.#choice.element;
  }

  choose(view: View): void {
    this.#chosen = view;
    writeView(view);
    this.#deps.onChange();
  }

  /** Those of the devices that are to be seen. */
  of(devices: readonly DeviceSummary[]): readonly DeviceSummary[] {
    const { pins, hasAlarm, nothing } = this.#deps;
    const view = this.#chosen ?? usualView({ devices: devices.length, pinned: pins.ids.length });
    const shown = devices.filter(({ id }) =>
      isInView(view, id, { isPinned: (one) => pins.has(one), hasAlarm }),
    );
    this.#choice.element.hidden = devices.length === 0;
    this.#choice.show(view);
    nothing.hidden = shown.length > 0 || devices.length === 0;
    const words =
      view === "alarms" ? "No device has an open alarm." : "No device is pinned. The star on a card pins it.";
    setText(nothing, words);
    return shown;
  }
}
