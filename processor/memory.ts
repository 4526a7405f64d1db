import type { SeriesKey, StoredSeries } from "../platform/ports.ts";
import { newSeries, type SeriesState } from "./channels.ts";
import { learnReading } from "./score.ts";

/**
 * What the detectors remember, one state a series: a cache of the stored history that is bounded and can be lost. The series
 * that was not asked for longest is forgotten first.
 */
export class DetectorMemory {
  readonly #states = new Map<string, SeriesState>();
  readonly #mostSeries: number;

  constructor(mostSeries = 200_000) {
    this.#mostSeries = mostSeries;
  }

  get size(): number {
    return this.#states.size;
  }

  /** The series that must be rebuilt from the store before their next reading is judged; each once. */
  missing(keys: readonly SeriesKey[]): readonly SeriesKey[] {
    const missing = new Map<string, SeriesKey>();
    for (const key of keys) {
      const name = nameOf(key);
      if (!this.#states.has(name)) missing.set(name, key);
    }
    return [...missing.values()];
  }

  /** Replays stored histories of series that are not remembered; the others are left as they are. */
  rebuild(histories: readonly StoredSeries[]): void {
    for (const history of histories) {
      if (this.#states.has(nameOf(history))) continue;
      const state = newSeries(history.sensorType);
      for (const point of history.points) learnReading(state, point);
      this.#keep(nameOf(history), state);
    }
  }

  /** The state of a series, new when it is not remembered. The caller lets it advance in place. */
  stateOf(key: SeriesKey): SeriesState {
    const name = nameOf(key);
    const known = this.#states.get(name);
    const state = known ?? newSeries(key.sensorType);
    // Taking it out and putting it back makes it the newest: a Map keeps the order of insertion.
    if (known !== undefined) this.#states.delete(name);
    this.#keep(name, state);
    return state;
  }

  #keep(name: string, state: SeriesState): void {
    this.#states.set(name, state);
    if (this.#states.size <= this.#mostSeries) return;
    const oldest = this.#states.keys().next();
    if (oldest.done !== true) this.#states.delete(oldest.value);
  }
}

// Neither part can contain a slash: each is one level of an MQTT topic.
function nameOf(key: SeriesKey): string {
  return `${key.deviceId}/${key.sensorType}`;
}
