import type { DeviceSummary } from "../../../schema/api.ts";
import { countedMs } from "../anomalies/anomaly-book.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { describeCounts, formatAge } from "../shell/format.ts";
import { describePresence } from "../shell/presence-words.ts";
import { type BoardDeps, SensorBlock } from "./sensor-block.ts";

/** One device on the board with a block per sensor, in the order of their names. */
export class DeviceCard {
  readonly element: HTMLElement;
  readonly deviceId: string;
  readonly #deps: BoardDeps;
  readonly #blocks = new Map<string, SensorBlock>();
  readonly #sensors = element("div");
  readonly #connection = element("span", { class: "card-connection" });
  readonly #mark = element("span", { class: "severity-mark", "aria-hidden": "true" });
  readonly #count = element("span");
  readonly #found = element("span", { class: "card-found" }, [this.#mark, " ", this.#count]);
  readonly #seen = element("span", { class: "card-seen" });
  readonly #pin = element("button", { type: "button", class: "card-pin" });
  #isNear = false;
  #connectionSinceUs = 0;

  constructor(deps: BoardDeps, deviceId: string) {
    this.#deps = deps;
    this.deviceId = deviceId;
    const head = element("header", { class: "card-head" }, [
      element("h2", { class: "card-name", title: deviceId }, [
        element("a", { href: `/devices/${encodeURIComponent(deviceId)}` }, [deviceId]),
      ]),
      this.#connection,
      this.#found,
      this.#seen,
      this.#pin,
    ]);
    this.#pin.addEventListener("click", () => this.#showPin(deps.pins.toggle(deviceId)));
    this.#showPin(deps.pins.has(deviceId));
    this.element = element("article", { class: "card", "data-device": deviceId, "aria-label": deviceId }, [
      head,
      this.#sensors,
    ]);
  }

  /** Sees to it that the card has a block for each of these sensors. */
  ensure(sensorTypes: readonly string[]): void {
    for (const sensorType of sensorTypes) {
      if (this.#blocks.has(sensorType)) continue;
      const block = new SensorBlock(this.#deps, this.deviceId, sensorType);
      this.#blocks.set(sensorType, block);
      const next = [...this.#blocks.keys()].sort().find((name) => name > sensorType);
      const before = next === undefined ? null : (this.#blocks.get(next)?.element ?? null);
      this.#sensors.insertBefore(block.element, before);
      block.setNear(this.#isNear);
    }
    this.#describe();
  }

  /** Whether the device is connected; nothing of a device that does not speak MQTT itself, or of which it is not known. */
  showConnection(connection: DeviceSummary["connection"]): void {
    // A list that was fetched before the last push knows less.
    if ((connection?.sinceUs ?? 0) < this.#connectionSinceUs) return;
    this.#connectionSinceUs = connection?.sinceUs ?? 0;
    // A board that was kept from an older visit has none.
    const isKnown = connection !== null && connection !== undefined;
    setText(this.#connection, !isKnown ? "" : connection.isOnline ? "connected" : "not connected");
    setAttribute(this.#connection, "data-online", isKnown ? String(connection.isOnline) : "");
    setAttribute(this.#connection, "title", isKnown ? describePresence(connection) : "");
  }

  #showPin(isPinned: boolean): void {
    setText(this.#pin, isPinned ? "★" : "☆");
    setAttribute(this.#pin, "aria-pressed", String(isPinned));
    setAttribute(this.#pin, "aria-label", `Pin ${this.deviceId}`);
    this.#pin.title = isPinned ? "Take the pin away" : "Keep on the overview";
  }

  setNear(isNear: boolean): void {
    this.#isNear = isNear;
    for (const block of this.#blocks.values()) block.setNear(isNear);
  }

  /** Asks for the sensor to be drawn again, with the next frame when an anomaly came. */
  refresh(sensorType: string, isUrgent: boolean): void {
    this.ensure([sensorType]);
    const block = this.#blocks.get(sensorType);
    if (block !== undefined) this.#deps.painter.request(block, isUrgent);
  }

  refreshAll(isUrgent: boolean): void {
    for (const block of this.#blocks.values()) this.#deps.painter.request(block, isUrgent);
  }

  tick(nowMs: number): void {
    if (!this.#isNear) return;
    for (const block of this.#blocks.values()) block.tick(nowMs);
    this.#describe(nowMs);
  }

  block(sensorType: string): SensorBlock | undefined {
    return this.#blocks.get(sensorType);
  }

  destroy(): void {
    for (const block of this.#blocks.values()) block.destroy();
    this.element.remove();
  }

  #describe(nowMs = Date.now()): void {
    const { series, anomalies } = this.#deps;
    const found = anomalies.countSince((nowMs - countedMs) * 1000, this.deviceId);
    setText(this.#count, found.episodes === 0 ? "" : `${found.episodes} in 10 min`);
    this.#mark.hidden = found.episodes === 0;
    setAttribute(this.#found, "data-severity", found.severity);
    setAttribute(this.#found, "title", describeCounts(found));
    const newestUs = Math.max(
      ...[...this.#blocks.keys()].map((name) => series.points(this.deviceId, name).at(-1)?.[0] ?? 0),
    );
    setText(this.#seen, newestUs > 0 ? formatAge(nowMs - newestUs / 1000) : "");
  }
}
