import type { SeriesKey } from "../platform/shard-batch.ts";
import type { ScoredReading } from "../schema/scored.ts";
import type { Model } from "./model.ts";
import { learnReading, scoreReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";

/** A stored reading; whose it is, is known. */
export interface StoredReading {
  readonly timestampUs: number;
  readonly value: number;
}

/** Anomalies that would have been one alarm. */
export interface Episode extends SeriesKey {
  /** Of the first and the last anomaly in it, microseconds since the epoch. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly anomalies: number;
  /** The reading with the highest score. */
  readonly peak: ScoredReading;
}

/** What a replay found. */
export interface Rescored {
  /** How many readings were judged. */
  readonly readings: number;
  /** Those that would have been anomalies, in order. */
  readonly anomalies: readonly ScoredReading[];
  /** The alarms that they would have made, in order. */
  readonly episodes: readonly Episode[];
}

export interface RescoreOptions {
  readonly model: Model | undefined;
  /** Readings before this moment only teach. */
  readonly sinceUs?: number;
  /** After so long without an anomaly the next one is another alarm (`ALARM_CLEAR_SECONDS`). */
  readonly quietUs: number;
}

/**
 * Judges the stored readings of one series again, as the pipeline would with this model, its memory empty at first. Takes them in pieces of any
 * size, oldest first, so that a long history need never be in memory.
 */
export class Rescore {
  readonly #key: SeriesKey;
  readonly #options: RescoreOptions;
  readonly #state: SeriesState;
  readonly #anomalies: ScoredReading[] = [];
  #readings = 0;

  constructor(key: SeriesKey, options: RescoreOptions) {
    this.#key = key;
    this.#options = options;
    this.#state = newSeries(key.sensorType);
  }

  take(readings: Iterable<StoredReading>): void {
    const { deviceId, sensorType } = this.#key;
    const { model, sinceUs = Number.NEGATIVE_INFINITY } = this.#options;
    for (const { timestampUs, value } of readings) {
      if (timestampUs < sinceUs) {
        learnReading(this.#state, { timestampUs, value });
        continue;
      }
      this.#readings += 1;
      const scored = scoreReading({ deviceId, sensorType, timestampUs, value }, this.#state, model);
      if (scored.isAnomaly) this.#anomalies.push(scored);
    }
  }

  /** Of what was taken so far. */
  result(): Rescored {
    const episodes = toEpisodes(this.#anomalies, this.#options.quietUs);
    return { readings: this.#readings, anomalies: [...this.#anomalies], episodes };
  }
}

/** The alarms that anomalies of one series make, oldest first. */
export function toEpisodes(anomalies: readonly ScoredReading[], quietUs: number): readonly Episode[] {
  const episodes: Episode[] = [];
  for (const anomaly of anomalies) {
    const { deviceId, sensorType, timestampUs } = anomaly;
    const open = episodes.at(-1);
    if (open !== undefined && timestampUs - open.lastUs <= quietUs) {
      const peak = anomaly.score > open.peak.score ? anomaly : open.peak;
      episodes[episodes.length - 1] = {
        ...open,
        lastUs: timestampUs,
        anomalies: open.anomalies + 1,
        peak,
      };
    } else {
      const moment = { firstUs: timestampUs, lastUs: timestampUs };
      episodes.push({ deviceId, sensorType, ...moment, anomalies: 1, peak: anomaly });
    }
  }
  return episodes;
}
