import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsvLine } from "../processor/csv.ts";

// The Numenta Anomaly Benchmark, version 1.1, as it scores a detector (Lavin and Ahmad 2015, arXiv:1510.03336, and its white paper).

/** What a false positive costs and what a missed window costs, where a perfect detection of a window is worth 1. */
export const profiles = {
  standard: { falsePositive: 0.11, missed: 1 },
  "low-FP": { falsePositive: 0.22, missed: 1 },
  "low-FN": { falsePositive: 0.11, missed: 2 },
} as const;
export type Profile = keyof typeof profiles;

/** One file with its labels: for each row the window it lies in (-1 for none) and what a detection there is worth. */
export interface LabelledFile {
  readonly name: string;
  readonly timestamps: readonly string[];
  readonly values: readonly number[];
  /** Rows at the beginning that are not scored. */
  readonly probation: number;
  readonly windowOf: Int32Array;
  readonly worth: Float64Array;
  readonly windows: number;
}

export interface CorpusScore {
  readonly threshold: number;
  /** 0 for a detector that never speaks, 100 for a perfect one. */
  readonly normalised: number;
  readonly byCategory: ReadonlyMap<string, number | null>;
}

/** Reads the files that `combined_windows.json` names, from NAB's own checkout or a folder of the same shape. */
export function readCorpus(folder: string): readonly LabelledFile[] {
  // The file is NAB's: a list of windows, each two timestamps, for every data file.
  const labels = JSON.parse(readLabels(folder)) as Record<string, readonly (readonly [string, string])[]>;
  return Object.entries(labels).map(([name, windows]) => {
    const [, ...lines] = readFileSync(join(folder, "data", name), "utf8")
      .trim()
      .split(/\r?\n/);
    const rows = lines.map(readCsvLine);
    const timestamps = rows.map(([timestamp = ""]) => timestamp);
    return {
      name,
      timestamps,
      values: rows.map(([, value]) => Number(value)),
      ...label(timestamps, windows),
    };
  });
}

function readLabels(folder: string): string {
  try {
    return readFileSync(join(folder, "combined_windows.json"), "utf8");
  } catch {
    return readFileSync(join(folder, "labels", "combined_windows.json"), "utf8");
  }
}

function label(timestamps: readonly string[], windows: readonly (readonly [string, string])[]) {
  const spans = windows
    .map(([from, to]) => ({ from: rowOf(timestamps, from), to: rowOf(timestamps, to) }))
    .sort((a, b) => a.from - b.from);
  const windowOf = new Int32Array(timestamps.length).fill(-1);
  const worth = new Float64Array(timestamps.length).fill(-1);
  for (const [index, { from, to }] of spans.entries()) {
    for (let row = from; row <= to; row++) {
      windowOf[row] = index;
      worth[row] = sigmoid(-(to - row + 1) / (to - from + 1)) / sigmoid(-1);
    }
    const next = spans[index + 1]?.from ?? timestamps.length;
    for (let row = to + 1; row < next; row++) worth[row] = sigmoid((row - to) / (to - from));
  }
  const probation = Math.min(Math.floor(0.15 * timestamps.length), 750);
  return { probation, windowOf, worth, windows: spans.length };
}

function rowOf(timestamps: readonly string[], moment: string): number {
  const plain = (text: string) => text.replace(/\.0+$/, "");
  const row = timestamps.findIndex((timestamp) => plain(timestamp) === plain(moment));
  if (row < 0) throw new Error(`a window begins or ends at ${moment}, which is no row of its file`);
  return row;
}

function sigmoid(place: number): number {
  return place > 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1;
}

interface Row {
  readonly score: number;
  readonly worth: number;
  /** Counted through all files; -1 for none. */
  readonly window: number;
}

/** Scores of all files against their labels, with the one threshold that suits the profile best. */
export function scoreCorpus(
  files: readonly LabelledFile[],
  scores: readonly (readonly number[])[],
  profile: Profile,
): CorpusScore {
  const { falsePositive, missed } = profiles[profile];
  const rows = toRows(files, scores).sort((a, b) => b.score - a.score);
  const windowCount = files.reduce((sum, file) => sum + file.windows, 0);
  const best = new Float64Array(windowCount).fill(-missed);
  let [raw, bestRaw, threshold] = [-missed * windowCount, -missed * windowCount, Number.POSITIVE_INFINITY];
  for (const [index, row] of rows.entries()) {
    const known = best[row.window];
    if (known === undefined) raw += falsePositive * row.worth;
    else if (row.worth > known) {
      raw += row.worth - known;
      best[row.window] = row.worth;
    }
    // Rows of one score are beyond a threshold together.
    if (rows[index + 1]?.score === row.score || raw <= bestRaw) continue;
    bestRaw = raw;
    threshold = row.score;
  }
  const normalised = (sum: number, windows: number) =>
    (100 * (sum + missed * windows)) / (windows * (1 + missed));
  const byCategory = new Map<string, number | null>();
  for (const [category, part] of categoriesOf(files)) {
    const windows = part.reduce((sum, index) => sum + (files[index]?.windows ?? 0), 0);
    const sum = part.reduce(
      (sum, index) => sum + rawOf(files[index], scores[index], { threshold, profile }),
      0,
    );
    byCategory.set(category, windows === 0 ? null : normalised(sum, windows));
  }
  return { threshold, normalised: normalised(bestRaw, windowCount), byCategory };
}

function toRows(files: readonly LabelledFile[], scores: readonly (readonly number[])[]): Row[] {
  let before = 0;
  return files.flatMap((file, index) => {
    const first = before;
    before += file.windows;
    return file.values.slice(file.probation).map((_, place) => {
      const row = place + file.probation;
      const window = file.windowOf[row] ?? -1;
      return {
        score: scores[index]?.[row] ?? 0,
        worth: file.worth[row] ?? 0,
        window: window < 0 ? -1 : first + window,
      };
    });
  });
}

function categoriesOf(files: readonly LabelledFile[]): ReadonlyMap<string, readonly number[]> {
  const categories = new Map<string, number[]>();
  for (const [index, { name }] of files.entries()) {
    const category = name.split("/")[0] ?? "";
    categories.set(category, [...(categories.get(category) ?? []), index]);
  }
  return categories;
}

function rawOf(
  file: LabelledFile | undefined,
  scores: readonly number[] = [],
  at: { threshold: number; profile: Profile },
): number {
  if (file === undefined) return 0;
  const { falsePositive, missed } = profiles[at.profile];
  const best = new Float64Array(file.windows).fill(-missed);
  let raw = 0;
  for (let row = file.probation; row < file.values.length; row++) {
    if (!((scores[row] ?? 0) >= at.threshold)) continue;
    const [window, worth] = [file.windowOf[row] ?? -1, file.worth[row] ?? 0];
    if (window < 0) raw += falsePositive * worth;
    else best[window] = Math.max(best[window] ?? 0, worth);
  }
  return best.reduce((sum, one) => sum + one, raw);
}

/** Runs of detections outside every window, after probation; those fewer than `apart` rows apart are one. */
export function falseEpisodes(file: LabelledFile, isAnomaly: readonly boolean[], apart: number): number {
  let [episodes, last] = [0, Number.NEGATIVE_INFINITY];
  for (let row = file.probation; row < file.values.length; row++) {
    if (isAnomaly[row] !== true || (file.windowOf[row] ?? -1) >= 0) continue;
    if (row - last >= apart) episodes += 1;
    last = row;
  }
  return episodes;
}
