import type { ReadingStore } from "../platform/ports.ts";
import type { DetectorAnchor, SeriesKey } from "../platform/shard-batch.ts";
import type { Reading } from "../schema/reading.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { observe } from "./channels.ts";
import { DetectorMemory, type Remembered } from "./memory.ts";
import type { Judges, ModelRegistry } from "./registry.ts";
import { scoreReading, scoreSeen, wouldFlag } from "./score.ts";
import type { SeriesState } from "./series.ts";
import { serialiseSeries, seriesFormat } from "./series-bytes.ts";

/** What a batch became. */
export interface Scored {
  readonly readings: readonly ScoredReading[];
  readonly anchors: readonly DetectorAnchor[];
}

/** Scores the readings of one shard, in order. What it remembers of the series begins and ends with it. */
export interface Scorer {
  /** `stored` resolves when everything scored before is stored; it is awaited before history is asked for. */
  score(readings: readonly Reading[], stored: () => Promise<void>): Promise<Scored>;
  /** These series learnt from readings that were not stored after all. */
  forget(keys: readonly SeriesKey[]): void;
}

export interface ScorerDeps {
  readonly store: ReadingStore;
  readonly models: ModelRegistry;
  /** Series remembered at a time. */
  readonly mostSeries: number;
}

/** Readings after which the state of a series is kept anew: so many at most are replayed when it is rebuilt. */
const anchorEvery = 128;
/** Readings replayed of a series that has no anchor, or one of another format. */
const historyReadings = 1024;
/** Series whose history is asked for at a time, since a take-over can miss ten thousand at once. */
const seriesASlice = 500;

/** Scores with the detectors' memory, rebuilt from history where it is missing, and the models of the registry. */
export function openScorer({ store, models, mostSeries }: ScorerDeps): Scorer {
  const memory = new DetectorMemory(mostSeries);
  return {
    async score(readings, stored) {
      const missing = memory.missing(readings);
      if (missing.length > 0) {
        await stored();
        await remember(memory, store, missing);
      }
      // The state of a series that is due, by the reading that made it so.
      const due = new Map<Remembered, SeriesKey>();
      const scored = readings.map((reading) => {
        const remembered = memory.of(reading);
        const result = scoreBeside(reading, remembered.state, models.judgesOf(reading));
        if (!result.isLate) remembered.sinceAnchor += 1;
        if (remembered.sinceAnchor >= anchorEvery) due.set(remembered, reading);
        return result;
      });
      memory.trim();
      return { readings: scored, anchors: [...due].map(([remembered, key]) => toAnchor(remembered, key)) };
    },
    forget: (keys) => memory.forget(keys),
  };
}

/** Scores by the model that judges, and counts what the candidate would have said, if there is one. */
function scoreBeside(reading: Reading, state: SeriesState, { model, shadow }: Judges): ScoredReading {
  if (shadow === undefined) return scoreReading(reading, state, model);
  const seen = observe(state, reading.value, reading.timestampUs);
  // The candidate first: scoring lets the series learn.
  const wouldBe = wouldFlag({ reading, state, model: shadow.candidate, seen });
  const scored = scoreSeen({ reading, state, model, seen });
  shadow.tally.count(scored.isAnomaly, wouldBe);
  return scored;
}

async function remember(
  memory: DetectorMemory,
  store: ReadingStore,
  missing: readonly SeriesKey[],
): Promise<void> {
  const options = { format: seriesFormat, limit: historyReadings };
  for (let from = 0; from < missing.length; from += seriesASlice) {
    memory.rebuild(await store.detectorHistories(missing.slice(from, from + seriesASlice), options));
  }
}

/** The state as it is now, at the end of its batch: bytes, since the state goes on. */
function toAnchor(remembered: Remembered, { deviceId, sensorType }: SeriesKey): DetectorAnchor {
  const { state } = remembered;
  remembered.sinceAnchor = 0;
  return {
    deviceId,
    sensorType,
    timestampUs: state.lastTimestampUs,
    format: seriesFormat,
    state: serialiseSeries(state),
  };
}
