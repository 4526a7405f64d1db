import type { ModelComparison, ModelExample } from "../schema/model.ts";
import type { ScoredReading } from "../schema/scored.ts";
import type { TrainingSeries } from "./history.ts";
import type { Model } from "./model.ts";
import { Rescore } from "./rescore.ts";
import { warmAfter } from "./series.ts";

/** Two models of a sensor type, to be held against each other. */
export interface Comparing {
  readonly sensorType: string;
  readonly active: Model | undefined;
  readonly candidate: Model;
  /** After so long without an anomaly the next one is another episode. */
  readonly quietUs: number;
}

const mostExamples = 10;

/** What two models would have flagged of the same histories; the examples are the newest, newest first. */
export function compareModels(histories: readonly TrainingSeries[], models: Comparing): ModelComparison {
  const judged = histories.filter(({ values }) => values.length > warmAfter);
  const active = replay(judged, models, models.active);
  const candidate = replay(judged, models, models.candidate);
  const [byActive, byCandidate] = [active.flagged, candidate.flagged];
  const onlyCandidate = without(byCandidate, byActive);
  return {
    ...spanOf(judged),
    readings: candidate.readings,
    active: { readings: byActive.size, episodes: active.episodes },
    candidate: { readings: byCandidate.size, episodes: candidate.episodes },
    both: byCandidate.size - onlyCandidate.length,
    onlyActive: toExamples(without(byActive, byCandidate)),
    onlyCandidate: toExamples(onlyCandidate),
  };
}

/** What a model would have said of these histories. */
function replay(
  histories: readonly TrainingSeries[],
  { sensorType, quietUs }: Comparing,
  model: Model | undefined,
) {
  /** By device and moment. */
  const flagged = new Map<string, ScoredReading>();
  const onAnomaly = (one: ScoredReading) => flagged.set(`${one.deviceId}/${one.timestampUs}`, one);
  let readings = 0;
  let episodes = 0;
  for (const { deviceId, timestampsUs, values } of histories) {
    // Before it is warm no model is asked, and in the middle of a history nothing is cold.
    const sinceUs = firstJudgedUs(timestampsUs);
    const rescore = new Rescore({ deviceId, sensorType }, { model, sinceUs, quietUs, onAnomaly });
    rescore.take(
      Array.from(values, (value, place) => ({ timestampUs: timestampsUs[place] ?? place, value })),
    );
    const result = rescore.result();
    readings += result.readings;
    episodes += result.episodes.length;
  }
  return { flagged, readings, episodes };
}

function firstJudgedUs(timestampsUs: Float64Array): number {
  return timestampsUs[warmAfter] ?? Number.POSITIVE_INFINITY;
}

function spanOf(histories: readonly TrainingSeries[]): { fromUs: number; untilUs: number } {
  if (histories.length === 0) return { fromUs: 0, untilUs: 0 };
  const firsts = histories.map(({ timestampsUs }) => firstJudgedUs(timestampsUs));
  const lasts = histories.map(({ timestampsUs }) => timestampsUs.at(-1) ?? 0);
  return { fromUs: Math.min(...firsts), untilUs: Math.max(...lasts) };
}

function without(
  flagged: ReadonlyMap<string, ScoredReading>,
  others: ReadonlyMap<string, unknown>,
): ScoredReading[] {
  return [...flagged].filter(([key]) => !others.has(key)).map(([, reading]) => reading);
}

function toExamples(flagged: readonly ScoredReading[]): ModelExample[] {
  return flagged
    .toSorted((a, b) => b.timestampUs - a.timestampUs)
    .slice(0, mostExamples)
    .map(({ deviceId, timestampUs, value, explanation }) => ({
      ...{ deviceId, timestampUs, value },
      sentence: explanation?.sentence ?? "",
    }));
}
