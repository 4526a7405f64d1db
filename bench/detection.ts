import { parseArgs } from "node:util";
import { scoreReading } from "../processor/score.ts";
import { newSeries } from "../processor/series.ts";
import { serialiseSeries } from "../processor/series-bytes.ts";
import { parseTimestamp } from "../schema/timestamp.ts";
import { fleetCost } from "./fleet-cost.ts";
import { falseEpisodes, type LabelledFile, type Profile, profiles, readCorpus, scoreCorpus } from "./nab.ts";
import { printTable } from "./table.ts";
import { growthMs } from "./training.ts";

const rounds = 4;
const growth = { rows: 10_000, trees: 100, sampleSize: 256 };
/** Detections so close to one another are one episode. */
const apart = 2;

interface Scored {
  readonly scores: readonly number[];
  readonly isAnomaly: readonly boolean[];
}

/**
 * `--nab DIR`: the score of the detector on the Numenta Anomaly Benchmark, at its default settings: the same code and the same settings as in the
 * pipeline, each file one series of a type that nobody knows.
 */
export async function detectionBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { nab: { type: "string" } } });
  if (values.nab === undefined) throw new Error("usage: npm run bench -- detection --nab DIR");
  const files = readCorpus(values.nab);
  const scored = files.map(scoreSeries);
  const rows = files.reduce((sum, file) => sum + file.values.length, 0);
  const counted = files.reduce((sum, file) => sum + file.values.length - file.probation, 0);
  const bySweep = scored.map(({ scores }) => scores);
  const byDecision = scored.map(({ isAnomaly }) => isAnomaly.map(Number));
  const results = { score: resultsOf(files, bySweep), isAnomaly: resultsOf(files, byDecision) };
  const episodes = files.reduce(
    (sum, file, index) => sum + falseEpisodes(file, scored[index]?.isAnomaly ?? [], apart),
    0,
  );
  const falsePer1000 = Number(((1000 * episodes) / counted).toFixed(3));
  const microsecondsAPoint = Number(cheapestUs(files, rows).toFixed(2));
  printTable(`NAB, ${files.length} files, ${rows} readings (0 silent, 100 perfect)`, [
    { by: "anomaly_score, one best threshold", ...results.score.overall },
    { by: "is_anomaly alone", ...results.isAnomaly.overall },
  ]);
  printTable("standard profile by category", results.score.categories(results.isAnomaly.standard));
  printTable("is_anomaly", [{ falseEpisodes: episodes, falsePer1000, microsecondsAPoint }]);
  const training = await growthMs(growth);
  const stateBytes = serialiseSeries(newSeries("nab")).length;
  const fleet = fleetCost();
  printTable("200 series in turn, µs a reading", [
    { ...fleet, ratio: Number((fleet.withForestUs / fleet.withoutUs).toFixed(2)) },
  ]);
  printTable("cost", [{ ...growth, growthMs: training.tookMs, growthCpuMs: training.cpuMs, stateBytes }]);
  const { score, isAnomaly } = results;
  process.stdout.write(
    `${JSON.stringify({ bench: "detection", score: score.overall, isAnomaly: isAnomaly.overall, falsePer1000, microsecondsAPoint, fleet, growthMs: training, stateBytes })}\n`,
  );
}

function scoreSeries({ name, timestamps, values }: LabelledFile): Scored {
  const state = newSeries("nab");
  const scored = values.map((value, row) => {
    const timestampUs = parseTimestamp(timestamps[row]) ?? state.lastTimestampUs;
    return scoreReading({ deviceId: name, sensorType: "nab", timestampUs, value }, state, undefined);
  });
  return { scores: scored.map(({ score }) => score), isAnomaly: scored.map(({ isAnomaly }) => isAnomaly) };
}

function resultsOf(files: readonly LabelledFile[], scores: readonly (readonly number[])[]) {
  // The profiles are named in this file's own table.
  const names = Object.keys(profiles) as Profile[];
  const overall = Object.fromEntries(
    names.map((profile) => [profile, tenth(scoreCorpus(files, scores, profile).normalised)]),
  );
  const standard = scoreCorpus(files, scores, "standard").byCategory;
  const categories = (decided: typeof standard) =>
    [...standard].map(([category, score]) => ({
      category,
      score: score === null ? "-" : tenth(score),
      isAnomaly: tenth(decided.get(category) ?? 0),
    }));
  return { overall, standard, categories };
}

function tenth(score: number): number {
  return Math.round(score * 10) / 10;
}

/** Of CPU, the least of a few rounds: what else the machine does can only add. */
function cheapestUs(files: readonly LabelledFile[], rows: number): number {
  let leastUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (const file of files) scoreSeries(file);
    const { user, system } = process.cpuUsage(before);
    leastUs = Math.min(leastUs, user + system);
  }
  return leastUs / rows;
}
