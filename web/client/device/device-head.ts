import type { DeviceSummary } from "../../../schema/api.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatAge, formatMoment } from "../shell/format.ts";
import { describePresence, describeState } from "../shell/presence-words.ts";

interface HeadParts {
  /** What can be done with the charts, whatever the range is. */
  readonly tools: readonly HTMLElement[];
  /** What came of it. */
  readonly said: HTMLElement;
  readonly toolbar: HTMLElement;
}

/** The top of a device's page: its name, how it is doing and why, and what one works the charts with. */
export class DeviceHead {
  readonly element: HTMLElement;
  readonly #state = element("span", { class: "row-state" });
  readonly #seen = element("time");
  readonly #why = element("span", { class: "device-why" });
  #seenUs: number | undefined;

  constructor(deviceId: string, { tools, said, toolbar }: HeadParts) {
    this.element = element("header", { class: "device-head" }, [
      element("h1", {}, [deviceId]),
      element("p", { class: "device-state", hidden: "" }, [this.#state, this.#seen, this.#why]),
      element("div", { class: "toolbar-end" }, tools),
      said,
      toolbar,
    ]);
  }

  /** In the words of the list of devices. */
  show(device: Pick<DeviceSummary, "state" | "connection" | "lastSeenUs">): void {
    const { state, connection, lastSeenUs } = device;
    setText(this.#state, state.replace("-", " "));
    setAttribute(this.#state, "data-state", state);
    setText(this.#why, describeState(device));
    this.#why.title = connection === null ? "" : describePresence(connection);
    this.#state.parentElement?.removeAttribute("hidden");
    if (lastSeenUs !== null) this.seen(lastSeenUs);
  }

  /** Something was heard of it, if not of late. */
  seen(atUs: number): void {
    this.#seenUs = Math.max(atUs, this.#seenUs ?? 0);
    this.tick(Date.now());
  }

  tick(nowMs: number): void {
    if (this.#seenUs === undefined) return;
    const atMs = this.#seenUs / 1000;
    setText(this.#seen, `last seen ${formatAge(nowMs - atMs)}`);
    setAttribute(this.#seen, "datetime", new Date(atMs).toISOString());
    setAttribute(this.#seen, "title", formatMoment(atMs));
  }
}
