import type { ModelComparison, ModelExample } from "../schema/model.ts";
import type { ScoredReading } from "../schema/scored.ts";
import type { TrainingSeries } from "./history.ts";
import type { Model } from "./model.ts";
import { Rescore, type Rescored } from "./rescore.ts";
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
  const active = judged.map((history) => replay(history, models, models.active));
  const candidate = judged.map((history) => replay(history, models, models.candidate));
  const [byActive, byCandidate] = [flaggedIn(active), flaggedIn(candidate)];
  const onlyCandidate = without(byCandidate, byActive);
  return {
    ...spanOf(judged),
    readings: candidate.reduce((sum, { readings }) => sum + readings, 0),
    active: { readings: byActive.size, episodes: episodesIn(active) },
    candidate: { readings: byCandidate.size, episodes: episodesIn(candidate) },
    both: byCandidate.size - onlyCandidate.length,
    onlyActive: toExamples(without(byActive, byCandidate)),
    onlyCandidate: toExamples(onlyCandidate),
  };
}

function replay(
  { deviceId, timestampsUs, values }: TrainingSeries,
  { sensorType, quietUs }: Comparing,
  model: Model | undefined,
): Rescored {
  // Before it is warm no model is asked, and in the middle of a history nothing is cold.
  const sinceUs = firstJudgedUs(timestampsUs);
  const rescore = new Rescore({ deviceId, sensorType }, { model, sinceUs, quietUs });
  rescore.take(Array.from(values, (value, place) => ({ timestampUs: timestampsUs[place] ?? place, value })));
  return rescore.result();
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

/** By device and moment. */
function flaggedIn(replays: readonly Rescored[]): ReadonlyMap<string, ScoredReading> {
  const flagged = replays.flatMap(({ anomalies }) => anomalies);
  return new Map(flagged.map((reading) => [`${reading.deviceId}/${reading.timestampUs}`, reading]));
}

function episodesIn(replays: readonly Rescored[]): number {
  return replays.reduce((sum, { episodes }) => sum + episodes.length, 0);
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
