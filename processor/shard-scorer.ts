import type { RuleStore } from "../platform/alarms/rule-ports.ts";
import type { ReadingStore } from "../platform/ports.ts";
import type {
  DetectorAnchor,
  ExpectedBand,
  Heard,
  RuleSteps,
  SeriesKey,
} from "../platform/readings/shard-batch.ts";
import type { Metrics } from "../platform/telemetry.ts";
import type { Reading } from "../schema/reading.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { bandWith } from "./bands.ts";
import { learnArrival, usualGapUs } from "./cadence.ts";
import { observe } from "./channels.ts";
import type { Manner } from "./manner.ts";
import { DetectorMemory, type Remembered } from "./memory.ts";
import type { Judges, ModelRegistry } from "./registry.ts";
import type { RuleBook } from "./rule-book.ts";
import { RuleWatch } from "./rules.ts";
import { judgeReading, learnReading, scoreAs } from "./score.ts";
import type { SeriesState } from "./series.ts";
import { serialiseSeries, seriesFormat } from "./series-bytes.ts";
import type { TuningBook } from "./tuning-book.ts";

/** What a batch became. */
export interface Scored {
  readonly readings: readonly ScoredReading[];
  readonly anchors: readonly DetectorAnchor[];
  readonly bands: readonly ExpectedBand[];
  readonly steps: RuleSteps;
  readonly heard: ReadonlyMap<ScoredReading, Heard>;
}

/** Readings that came together, and when: microseconds since the epoch, by the clock of the broker. */
export interface Delivery {
  readonly receivedUs: number;
  readonly readings: readonly Reading[];
}

/** Scores the readings of one shard, in order. What it remembers of the series begins and ends with it. */
export interface Scorer {
  /** `stored` resolves when everything scored before is stored; it is awaited before history is asked for. */
  score(deliveries: readonly Delivery[], stored: () => Promise<void>): Promise<Scored>;
  /** These series learnt from readings that were not stored after all. */
  forget(keys: readonly SeriesKey[]): void;
}

export interface ScorerDeps {
  readonly store: ReadingStore;
  readonly models: ModelRegistry;
  readonly rules: RuleStore;
  readonly book: RuleBook;
  readonly tunings: Pick<TuningBook, "mannerFor">;
  readonly metrics: Pick<Metrics, "seriesForgotten">;
  /** Series remembered at a time, as things stand. */
  readonly mostSeries: () => number;
}

/** Readings after which the state of a series is kept anew: so many at most are replayed when it is rebuilt. */
const anchorEvery = 128;
/** Readings replayed of a series that has no anchor, or one of another format. */
const historyReadings = 1024;
/** Series whose history is asked for at a time, since a take-over can miss ten thousand at once. */
const seriesASlice = 500;

/** Scores with the detectors' memory, rebuilt from history where it is missing, and the models of the registry. */
export function openScorer({ store, models, tunings, rules, book, metrics, mostSeries }: ScorerDeps): Scorer {
  const memory = new DetectorMemory(mostSeries);
  const watch = new RuleWatch({ store: rules, book, mostSeries });
  return {
    async score(deliveries, stored) {
      const readings = deliveries.flatMap((delivery) => delivery.readings);
      if (memory.missing(readings).length + watch.missing(readings).length > 0) {
        await stored();
        // Not what was missing before: of the series of the batch that was waited for, those that could not be stored are forgotten now.
        await remember(memory, store, memory.missing(readings));
        await watch.load(watch.missing(readings));
      }
      // The state of a series that is due, by the reading that made it so.
      const due = new Map<Remembered, SeriesKey>();
      const heard = new Map<ScoredReading, Heard>();
      const bands: ExpectedBand[] = [];
      const score = (reading: Reading, receivedUs: number) => {
        const remembered = memory.of(reading);
        const { state } = remembered;
        const band = bandWith(reading, state, remembered.bands);
        if (band !== undefined) bands.push(band);
        const result = scoreBeside(tunings.mannerFor(reading), {
          reading,
          state,
          judges: models.judgesOf(reading),
        });
        if (!result.isLate) remembered.sinceAnchor += 1;
        if (remembered.sinceAnchor >= anchorEvery) due.set(remembered, reading);
        learnArrival(state.cadence, receivedUs, state.intervalUs);
        heard.set(result, { heardUs: receivedUs, gapUs: usualGapUs(state.cadence, state.intervalUs) });
        return result;
      };
      const scored = deliveries.flatMap((delivery) =>
        delivery.readings.map((reading) => score(reading, delivery.receivedUs)),
      );
      metrics.seriesForgotten.inc(memory.trim());
      const anchors = [...due].map(([remembered, key]) => toAnchor(remembered, key));
      return { readings: scored, anchors, bands, steps: watch.judge(scored), heard };
    },
    forget(keys) {
      memory.forget(keys);
      watch.forget(keys);
    },
  };
}

/** Scores by the model that judges, and counts what the candidate would have said, if there is one. */
function scoreBeside(
  manner: Manner,
  { reading, state, judges }: { reading: Reading; state: SeriesState; judges: Judges },
): ScoredReading {
  const { model, shadow } = judges;
  if (shadow === undefined) return scoreAs(manner, { reading, state, model });
  const seen = observe(state, reading.value, reading.timestampUs);
  const scored = judgeReading(manner, { reading, state, model, seen });
  const wouldBe = judgeReading(manner, { reading, state, model: shadow.candidate, seen });
  shadow.tally.count(scored.isAnomaly, wouldBe.isAnomaly);
  learnReading(state, reading, seen);
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
