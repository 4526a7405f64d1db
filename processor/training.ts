import { Worker } from "node:worker_threads";
import type { ModelComparison } from "../schema/model.ts";
import { type Observation, observe } from "./channels.ts";
import { type Comparing, compareModels } from "./comparison.ts";
import { growForest } from "./forest.ts";
import type { TrainingSeries } from "./history.ts";
import { evidence, type Model, parseModel, serialiseModel } from "./model.ts";
import { seededRandom } from "./random.ts";
import { learnReading } from "./score.ts";
import { isWarm, newSeries } from "./series.ts";
import { targetRate } from "./target.ts";

export interface TrainingJob {
  readonly sensorType: string;
  readonly version: string;
  readonly seed: number;
  readonly series: readonly TrainingSeries[];
  /** What the new model is compared with on the same history, if with anything. */
  readonly beside?: Pick<Comparing, "active" | "quietUs">;
}

/** A model with its bytes, and how it compares. */
export interface Trained {
  readonly bytes: Uint8Array;
  readonly model: Model;
  readonly comparison: ModelComparison | null;
}

/** What the worker answers: null when there is too little to learn from. */
export type TrainingAnswer = Pick<Trained, "bytes" | "comparison"> | null;

/** A way to train; resolves to undefined when there is too little to learn from. */
export type Training = (job: TrainingJob, signal: AbortSignal) => Promise<Trained | undefined>;

// 64 trees flag as many readings of the real motes as 100 do, within two, in two thirds of the time.
const trees = 64;
const sampleSize = 256;
const mostRows = 4096;
// A forest grown on fewer rows than one full sample is guesswork.
export const fewestRows = 256;

// As many readings as may be false alarms lie beyond the limit if the tail goes on as the 80 to 95 % quantiles promise. Anomalies in the
// history, up to some 5 % of it, do not move it: nothing is read off the far end itself.
// The channels are scaled to each series, so no healthy type needs a limit outside these: a history that never stirs would make
// everything an anomaly, one full of faults nothing.
const lowestLimit = 1;
const highestLimit = 1.6;

/** Grows a model from histories, in which some readings may be anomalies; undefined when they are too short. */
export function trainModel(job: TrainingJob): Model | undefined {
  const rows = thin(
    job.series.flatMap((one) => channelRows(job.sensorType, one)),
    job.seed,
  );
  if (rows.length < fewestRows) return undefined;
  const forest = growForest(rows, { trees, sampleSize, seed: job.seed });
  const evidences = rows.map((row) => evidence(forest, row)).sort((a, b) => a - b);
  const near = quantile(evidences, 0.8);
  const far = quantile(evidences, 0.95);
  const tail = (far - near) / Math.log(0.2 / 0.05);
  const measured = far + tail * Math.log(0.05 / targetRate(usualIntervalUs(job.series)));
  const limit = Math.min(Math.max(measured, lowestLimit), highestLimit);
  return { version: job.version, forest, limit, trainingRows: rows.length };
}

/** Trains in a worker thread, so that the readings keep flowing; an aborted one ends at once. */
export function trainInWorker(job: TrainingJob, signal: AbortSignal): Promise<Trained | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(new URL("./training-worker.js", import.meta.url), { workerData: job });
    const abort = () => {
      void worker.terminate();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    worker.once("message", (answer: TrainingAnswer) => resolve(toTrained(answer, job)));
    worker.once("error", reject);
    worker.once("exit", (code) => {
      signal.removeEventListener("abort", abort);
      // After an answer this changes nothing: a promise settles once.
      reject(new Error(`the training worker left with code ${code} without an answer`));
    });
  });
}

/** The worker's whole work, apart from the thread it runs in. */
export function answerJob(job: TrainingJob): TrainingAnswer {
  const candidate = trainModel(job);
  if (candidate === undefined) return null;
  const { sensorType, series, beside } = job;
  const comparison =
    beside === undefined ? null : compareModels(series, { sensorType, candidate, ...beside });
  return { bytes: serialiseModel(candidate), comparison };
}

/** What a worker's answer says. */
export function toTrained(answer: TrainingAnswer, { version }: TrainingJob): Trained | undefined {
  return answer === null ? undefined : { ...answer, model: parseModel(answer.bytes, version) };
}

function channelRows(sensorType: string, series: TrainingSeries): Observation["channels"][] {
  const state = newSeries(sensorType);
  const rows: Observation["channels"][] = [];
  for (const [index, value] of series.values.entries()) {
    const timestampUs = series.timestampsUs[index] ?? index;
    const seen = observe(state, value, timestampUs);
    if (isWarm(state)) rows.push(seen.channels);
    learnReading(state, { timestampUs, value }, seen);
  }
  return rows;
}

/** The time between two readings of the series in the middle. */
function usualIntervalUs(series: readonly TrainingSeries[]): number {
  const intervals = series.map(({ timestampsUs }) => {
    const span = (timestampsUs.at(-1) ?? 0) - (timestampsUs[0] ?? 0);
    return span / Math.max(timestampsUs.length - 1, 1);
  });
  return quantile(
    intervals.sort((a, b) => a - b),
    0.5,
  );
}

// A few thousand rows say as much about a forest of 256-row samples as a million.
function thin<Row>(rows: readonly Row[], seed: number): readonly Row[] {
  if (rows.length <= mostRows) return rows;
  const random = seededRandom(seed);
  const share = mostRows / rows.length;
  return rows.filter(() => random() < share);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0;
}
