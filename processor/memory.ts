import type { DetectorHistory } from "../platform/ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import { type BandTrail, newBandTrail } from "./bands.ts";
import { learnReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";
import { parseSeries } from "./series-bytes.ts";

/** What is remembered of one series. Whoever lets the state advance counts the readings it learnt from. */
export interface Remembered {
  readonly state: SeriesState;
  /** Stored readings that are not in its anchor. */
  sinceAnchor: number;
  readonly bands: BandTrail;
}

/**
 * What the detectors remember, one state a series: a cache of the stored history that is bounded and can be lost. The series
 * that was not asked for longest is forgotten first.
 */
export class DetectorMemory {
  readonly #series = new Map<string, Remembered>();
  readonly #mostSeries: () => number;

  constructor(mostSeries: () => number) {
    this.#mostSeries = mostSeries;
  }

  get size(): number {
    return this.#series.size;
  }

  /** The series that must be rebuilt from the store before their next reading is judged; each once. */
  missing(keys: readonly SeriesKey[]): readonly SeriesKey[] {
    const missing = new Map<string, SeriesKey>();
    for (const key of keys) {
      const name = nameOf(key);
      if (!this.#series.has(name)) missing.set(name, key);
    }
    return [...missing.values()];
  }

  /** Takes up anchors and replays what came after them, of series that are not remembered; the others are left as they are. */
  rebuild(histories: readonly DetectorHistory[]): void {
    for (const history of histories) {
      if (this.#series.has(nameOf(history))) continue;
      const { anchor, points, sensorType } = history;
      const anchored = anchor === null ? undefined : parseSeries(sensorType, anchor.state);
      const state = anchored ?? newSeries(sensorType);
      for (const point of points) learnReading(state, point);
      const name = nameOf(history);
      this.#series.set(name, { state, sinceAnchor: points.length, bands: newBandTrail(name) });
    }
  }

  /** What is remembered of a series, new when it is nothing. */
  of(key: SeriesKey): Remembered {
    const name = nameOf(key);
    const known = this.#series.get(name);
    const remembered = known ?? {
      state: newSeries(key.sensorType),
      sinceAnchor: 0,
      bands: newBandTrail(name),
    };
    // Taking it out and putting it back makes it the newest: a Map keeps the order of insertion.
    if (known !== undefined) this.#series.delete(name);
    this.#series.set(name, remembered);
    return remembered;
  }

  /** Forgets series that learnt from what was not stored; they will be rebuilt. */
  forget(keys: readonly SeriesKey[]): void {
    for (const key of keys) this.#series.delete(nameOf(key));
  }

  /** Forgets what is beyond the limit; answers how many. Only between batches: a series of the batch in hand must not begin anew. */
  trim(): number {
    const excess = Math.max(0, this.#series.size - this.#mostSeries());
    let forgotten = 0;
    for (const name of this.#series.keys()) {
      if (forgotten === excess) break;
      this.#series.delete(name);
      forgotten += 1;
    }
    return forgotten;
  }
}

// Neither part can contain a slash: each is one level of an MQTT topic.
function nameOf(key: SeriesKey): string {
  return `${key.deviceId}/${key.sensorType}`;
}
