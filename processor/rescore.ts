import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { observe } from "./channels.ts";
import { type Manner, usualManner } from "./manner.ts";
import type { Model } from "./model.ts";
import { judgeReading, learnReading } from "./score.ts";
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
}

/** What a replay found. */
export interface Rescored {
  /** How many readings were judged. */
  readonly readings: number;
  /** The alarms that would have been made, in order. */
  readonly episodes: readonly Episode[];
}

export interface RescoreOptions {
  readonly model: Model | undefined;
  /** In each of these they are judged; in the usual one when none is named. */
  readonly manners?: readonly Manner[];
  /** Readings before this moment only teach. */
  readonly sinceUs?: number;
  /** After so long without an anomaly the next one is another alarm (`ALARM_CLEAR_SECONDS`). */
  readonly quietUs: number;
  /** Hears of each anomaly in the first of the manners, oldest first: a faulty sensor has more of them than a replay may keep. */
  readonly onAnomaly?: (anomaly: ScoredReading) => void;
}

/**
 * Judges the stored readings of one series again, as the pipeline would with this model, its memory empty at first. Takes them in pieces of any
 * size, oldest first, so that a long history need never be in memory. A series learns the same whatever the manner, so one that is looked at in
 * ten costs hardly more than one.
 */
export class Rescore {
  readonly #key: SeriesKey;
  readonly #options: RescoreOptions;
  readonly #state: SeriesState;
  readonly #judges: readonly { readonly manner: Manner; readonly episodes: Episode[] }[];
  #readings = 0;

  constructor(key: SeriesKey, options: RescoreOptions) {
    this.#key = key;
    this.#options = options;
    this.#state = newSeries(key.sensorType);
    this.#judges = (options.manners ?? [usualManner]).map((manner) => ({ manner, episodes: [] }));
  }

  take(readings: Iterable<StoredReading>): void {
    const { deviceId, sensorType } = this.#key;
    const { model, sinceUs = Number.NEGATIVE_INFINITY, quietUs, onAnomaly } = this.#options;
    const state = this.#state;
    for (const { timestampUs, value } of readings) {
      const reading = { deviceId, sensorType, timestampUs, value };
      const seen = observe(state, value, timestampUs);
      if (timestampUs >= sinceUs) {
        this.#readings += 1;
        for (const [place, { manner, episodes }] of this.#judges.entries()) {
          const scored = judgeReading(manner, { reading, state, model, seen });
          if (!scored.isAnomaly) continue;
          extend(episodes, scored, quietUs);
          if (place === 0) onAnomaly?.(scored);
        }
      }
      learnReading(state, reading, seen);
    }
  }

  /** Of what was taken so far, in the first of the manners. */
  result(): Rescored {
    return this.results()[0] ?? { readings: this.#readings, episodes: [] };
  }

  /** The same, in each of them. */
  results(): readonly Rescored[] {
    return this.#judges.map(({ episodes }) => ({ readings: this.#readings, episodes: [...episodes] }));
  }
}

/** Puts an anomaly of one series, newer than all before it, into the newest of its episodes, or begins another. */
function extend(
  episodes: Episode[],
  { deviceId, sensorType, timestampUs }: ScoredReading,
  quietUs: number,
): void {
  const open = episodes.at(-1);
  if (open !== undefined && timestampUs - open.lastUs <= quietUs)
    episodes[episodes.length - 1] = { ...open, lastUs: timestampUs, anomalies: open.anomalies + 1 };
  else episodes.push({ deviceId, sensorType, firstUs: timestampUs, lastUs: timestampUs, anomalies: 1 });
}
