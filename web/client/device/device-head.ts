import type { DeviceSummary } from "../../../schema/api.ts";
import { element, setText } from "../shell/element.ts";
import { describePresence } from "../shell/presence-words.ts";

interface HeadParts {
  /** What can be done with the charts, whatever the range is. */
  readonly tools: readonly HTMLElement[];
  /** What came of it. */
  readonly said: HTMLElement;
  readonly toolbar: HTMLElement;
}

/** The top of a device's page: its name, whether it is connected, and what one works the charts with. */
export class DeviceHead {
  readonly element: HTMLElement;
  readonly #presence = element("span", { class: "card-connection" });

  constructor(deviceId: string, { tools, said, toolbar }: HeadParts) {
    this.element = element("header", { class: "device-head" }, [
      element("h1", {}, [deviceId]),
      this.#presence,
      element("div", { class: "toolbar-end" }, tools),
      said,
      toolbar,
    ]);
  }

  showPresence(presence: DeviceSummary["connection"]): void {
    if (presence === null) return;
    setText(this.#presence, presence.isOnline ? "connected" : "not connected");
    this.#presence.dataset["online"] = String(presence.isOnline);
    this.#presence.title = describePresence(presence);
  }
}
