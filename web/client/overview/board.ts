import type { DeviceSummary, ReadingsAnswer } from "../../../schema/api.ts";
import type { AnomalyEvent, LiveReadings } from "../../../schema/event.ts";
import type { Presence } from "../../../schema/presence.ts";
import { groupBySensor, type Point } from "../charts/history.ts";
import type { StoredSeries } from "./cache.ts";
import { DeviceCard } from "./device-card.ts";
import { NearWindow } from "./near-window.ts";
import type { BoardDeps } from "./sensor-block.ts";

// demo-2 before demo-10, as a person would sort them.
const byName = new Intl.Collator("en", { numeric: true }).compare;

/** The cards of all active devices, sorted by name so that none ever changes its place while somebody looks at it. */
export class Board {
  readonly #host: HTMLElement;
  readonly #deps: BoardDeps;
  readonly #cards = new Map<string, DeviceCard>();
  readonly #near = new Set<string>();
  readonly #window: NearWindow;

  constructor(host: HTMLElement, deps: BoardDeps, onNearChange: () => void) {
    this.#host = host;
    this.#deps = deps;
    this.#window = new NearWindow((target, isNear) => {
      const id = target.getAttribute("data-device") ?? "";
      const card = this.#cards.get(id);
      if (card === undefined) return;
      if (isNear) this.#near.add(id);
      else this.#near.delete(id);
      if (!isNear) deps.series.setWhole(id, false);
      card.setNear(isNear);
      onNearChange();
    });
  }

  get size(): number {
    return this.#cards.size;
  }

  /** Devices whose cards are near the window. */
  near(): readonly string[] {
    return [...this.#near];
  }

  /** Shows exactly these devices, with the newest value of each sensor. */
  setDevices(devices: readonly DeviceSummary[]): void {
    const wanted = new Set(devices.map(({ id }) => id));
    for (const id of [...this.#cards.keys()]) if (!wanted.has(id)) this.remove(id);
    for (const { id, sensors, connection } of devices) {
      for (const { type, timestampUs, value, score, isAnomaly } of sensors) {
        this.#deps.series.merge(id, type, [[timestampUs, value, score, isAnomaly ? 1 : 0]]);
      }
      const card = this.#cards.get(id) ?? this.#insert(id);
      card.ensure(sensors.map(({ type }) => type));
      card.showConnection(connection);
      card.refreshAll(false);
    }
  }

  /** Gives back what the cards hold. */
  stop(): void {
    for (const id of [...this.#cards.keys()]) this.remove(id);
  }

  remove(deviceId: string): void {
    const card = this.#cards.get(deviceId);
    if (card === undefined) return;
    this.#window.unobserve(card.element);
    this.#cards.delete(deviceId);
    this.#near.delete(deviceId);
    this.#deps.series.drop(deviceId);
    card.destroy();
  }

  takeLive(batch: readonly LiveReadings[]): void {
    for (const { deviceId, readings } of batch) {
      for (const [sensorType, points] of groupBySensor(readings)) this.#take(deviceId, sensorType, points);
    }
  }

  takePresence(changes: readonly Presence[]): void {
    for (const presence of changes) this.#cards.get(presence.deviceId)?.showConnection(presence);
  }

  /** The event often comes before the reading it speaks of, and for devices that are not watched it comes alone. */
  takeAnomaly({ deviceId, sensorType, timestampUs, value, score }: AnomalyEvent): void {
    this.#take(deviceId, sensorType, [[timestampUs, value, score, 1]]);
  }

  takeHistory(series: ReadingsAnswer["series"] | readonly StoredSeries[]): void {
    for (const { deviceId, sensorType, points } of series) {
      this.#take(deviceId, sensorType, points);
      this.#deps.series.setWhole(deviceId, this.#cards.has(deviceId));
    }
  }

  tick(nowMs: number): void {
    for (const card of this.#cards.values()) card.tick(nowMs);
  }

  redraw(): void {
    for (const card of this.#cards.values()) card.refreshAll(true);
  }

  /** Scrolls to the reading of an anomaly; false when its device or sensor is not on the board. */
  reveal({ deviceId, sensorType, timestampUs }: Place): boolean {
    const block = this.#cards.get(deviceId)?.block(sensorType);
    block?.reveal(timestampUs);
    return block !== undefined;
  }

  /** Whether the chart of this reading still goes back that far. */
  holds({ deviceId, sensorType, timestampUs }: AnomalyEvent): boolean {
    return this.#deps.series.points(deviceId, sensorType).some((point) => point[0] === timestampUs);
  }

  /** What is worth keeping for the next visit, what is in the window first. */
  series(): readonly StoredSeries[] {
    const ids = [...this.#near, ...[...this.#cards.keys()].filter((id) => !this.#near.has(id))];
    const { series } = this.#deps;
    return ids.flatMap((deviceId) =>
      series.sensorTypes(deviceId).map((sensorType) => ({
        deviceId,
        sensorType,
        points: series.points(deviceId, sensorType),
      })),
    );
  }

  #take(deviceId: string, sensorType: string, points: readonly Point[]): void {
    const card = this.#cards.get(deviceId);
    if (card === undefined || points.length === 0) return;
    const hasNewAnomaly = this.#deps.series.merge(deviceId, sensorType, points);
    card.refresh(sensorType, hasNewAnomaly);
  }

  #insert(deviceId: string): DeviceCard {
    const card = new DeviceCard(this.#deps, deviceId);
    const next = [...this.#cards.keys()].filter((id) => byName(id, deviceId) > 0).sort(byName)[0];
    const before = next === undefined ? null : (this.#cards.get(next)?.element ?? null);
    this.#cards.set(deviceId, card);
    this.#host.insertBefore(card.element, before);
    this.#window.observe(card.element);
    return card;
  }
}

/** Of a reading. */
type Place = Pick<AnomalyEvent, "deviceId" | "sensorType" | "timestampUs">;
