import type { LiveBand, LivePoint, LiveReadings } from "../schema/event.ts";

/** Two sendings of one device are at least this far apart, unless an anomaly calls: a chart redraws no more often. */
export const restMs = 30;

export interface OutboxDeps {
  /** Nobody looks at most devices; theirs are not kept at all. */
  readonly isWatched: (deviceId: string) => boolean;
  readonly send: (readings: LiveReadings) => void;
}

/** A device that was sent lately, and what has come of it since. */
interface Resting {
  readonly untilMs: number;
  readonly waiting: LivePoint[];
  readonly bands: LiveBand[];
}

/**
 * Spares the browsers without making anybody wait who need not: a device that rested is sent at once, so a slow sensor is seen
 * the moment it speaks; a fast one is gathered until its rest is over. An anomaly ends the rest of its device.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  /** By device, in the order in which the rests end, for all are equally long: the first one is who the timer waits for. */
  readonly #resting = new Map<string, Resting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  add(batch: readonly LiveReadings[]): void {
    for (const { deviceId, readings, bands = [] } of batch) {
      if (!this.#deps.isWatched(deviceId)) continue;
      const resting = this.#resting.get(deviceId);
      if (resting === undefined) this.#send(deviceId, readings, bands);
      else {
        resting.waiting.push(...readings);
        resting.bands.push(...bands);
        if (readings.some(([, , , , isAnomaly]) => isAnomaly === 1)) this.flush(deviceId);
      }
    }
  }

  /** Sends what waits of a device. */
  flush(deviceId: string): void {
    const { waiting = [], bands = [] } = this.#resting.get(deviceId) ?? {};
    if (waiting.length > 0) this.#send(deviceId, waiting, bands);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#resting.clear();
  }

  #send(deviceId: string, readings: readonly LivePoint[], bands: readonly LiveBand[]): void {
    this.#deps.send({ deviceId, readings, ...(bands.length > 0 ? { bands } : {}) });
    this.#resting.delete(deviceId);
    this.#resting.set(deviceId, { untilMs: performance.now() + restMs, waiting: [], bands: [] });
    this.#timer ??= setTimeout(() => this.#wake(), restMs);
  }

  /** Sends what waits of those whose rest is over, and forgets those that stayed quiet or lost their watchers. */
  #wake(): void {
    const nowMs = performance.now();
    for (const [deviceId, { untilMs, waiting, bands }] of this.#resting) {
      if (untilMs > nowMs) {
        this.#timer = setTimeout(() => this.#wake(), untilMs - nowMs);
        return;
      }
      this.#resting.delete(deviceId);
      if (waiting.length > 0 && this.#deps.isWatched(deviceId)) this.#send(deviceId, waiting, bands);
    }
    this.#timer = undefined;
  }
}
