import type { HistoryLevel, HistorySeries } from "../../../schema/history.ts";
import { type Severity, severityOf } from "../../../schema/scored.ts";
import { type Band, bandsSince, joined as joinedBands } from "../charts/bands.ts";
import { medianIntervalUs, type Point, type Spot } from "../charts/history.ts";

/** A reading, or what became of all readings of a step. */
export interface Dot {
  /** Of the reading, or of the beginning of the step; microseconds since the epoch. */
  readonly tsUs: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** How many readings it stands for. */
  readonly n: number;
}

export interface Mark {
  readonly tsUs: number;
  readonly value: number;
  readonly score: number;
  readonly severity: Severity;
}

/** A sensor over a range: what was stored when it was asked, and what was heard since. */
export interface Trace {
  readonly level: HistoryLevel;
  /** Null when each dot is one reading. */
  readonly stepSeconds: number | null;
  /** Everything up to here was in the answer. */
  readonly untilUs: number;
  readonly stored: readonly Dot[];
  /** Readings that came by the push, by their time, each once. */
  readonly heard: ReadonlyMap<number, number>;
  /** By their time, each once; no step swallows one. */
  readonly marks: ReadonlyMap<number, Mark>;
  readonly marksLeftOff: number;
  /** What was usual, by time. */
  readonly bands: readonly Band[];
}

/** A sensor of which only pushes have been heard. */
export const emptyTrace: Trace = {
  level: "raw",
  stepSeconds: null,
  untilUs: 0,
  stored: [],
  heard: new Map(),
  marks: new Map(),
  marksLeftOff: 0,
  bands: [],
};

/** A reading older than the answer by less than this may have been stored after the answer was read, and pushed before it came. */
const underWayUs = 60e6;

/**
 * What the answer has, and what was heard before it came: `before` is the trace until now, of the same sensor. Nothing is lost between
 * the two and nothing is there twice, if the push was listened to before the question was asked. Only of steps it cannot be told whether a
 * reading that was under way is among them; the next answer has it.
 */
export function toTrace(series: HistorySeries, toUs: number, before: Trace = emptyTrace): Trace {
  const {
    level,
    stepSeconds,
    ts,
    mean,
    min = mean,
    max = mean,
    n,
    anomalies,
    expected,
    anomaliesLeftOff,
  } = series;
  const stored = ts.map((tsUs, at) => {
    const value = mean[at] ?? Number.NaN;
    return { tsUs, mean: value, min: min[at] ?? value, max: max[at] ?? value, n: n?.[at] ?? 1 };
  });
  const marks = anomalies.map(([tsUs, value, score, severity]) => ({ tsUs, value, score, severity }));
  const young = [...before.marks.values()].filter(({ tsUs }) => tsUs > toUs - underWayUs);
  const heardFromUs = stepSeconds === null ? toUs - underWayUs : toUs;
  return {
    level,
    stepSeconds,
    untilUs: toUs,
    stored,
    heard: new Map([...before.heard].filter(([tsUs]) => tsUs > heardFromUs)),
    marks: byTime([...young, ...marks]),
    marksLeftOff: anomaliesLeftOff,
    bands: joinedBands(
      expected,
      before.bands.filter(([tsUs]) => tsUs > toUs),
    ),
  };
}

/** Takes in what was pushed. What the answer had already is left as it is. */
export function withHeard(trace: Trace, points: readonly Point[]): Trace {
  const fresh = points.filter(([tsUs]) => trace.stepSeconds === null || tsUs > trace.untilUs);
  const found = points
    .filter((point) => point[3] === 1)
    .map(([tsUs, value, score]) => ({ tsUs, value, score, severity: severityOf(score) }));
  if (fresh.length === 0 && found.length === 0) return trace;
  return {
    ...trace,
    heard: new Map([...trace.heard, ...fresh.map(([tsUs, value]) => [tsUs, value] as const)]),
    marks: found.length === 0 ? trace.marks : byTime([...trace.marks.values(), ...found]),
  };
}

/** Takes in what is usual from now on, as it was pushed. */
export function withBands(trace: Trace, bands: readonly Band[]): Trace {
  return bands.length === 0 ? trace : { ...trace, bands: joinedBands(trace.bands, bands) };
}

/** Without what lies before the range. */
export function since(trace: Trace, fromUs: number): Trace {
  const stepUs = (trace.stepSeconds ?? 0) * 1e6;
  const isOld = (tsUs: number | undefined): boolean => (tsUs ?? fromUs) + stepUs < fromUs;
  const [oldestHeard] = trace.heard.keys();
  const [oldestMark] = trace.marks.keys();
  const bands = bandsSince(trace.bands, fromUs);
  if (bands !== trace.bands) return since({ ...trace, bands }, fromUs);
  if (!isOld(trace.stored[0]?.tsUs) && !isOld(oldestHeard) && !isOld(oldestMark)) return trace;
  return {
    ...trace,
    stored: trace.stored.filter(({ tsUs }) => !isOld(tsUs)),
    heard: new Map([...trace.heard].filter(([tsUs]) => !isOld(tsUs))),
    marks: new Map([...trace.marks].filter(([tsUs]) => !isOld(tsUs))),
  };
}

/** Everything that is to be drawn, oldest first, one dot per reading or step. */
export function dotsOf({ stored, heard, stepSeconds }: Trace): readonly Dot[] {
  if (heard.size === 0) return stored;
  const dots = new Map(stored.map((dot) => [dot.tsUs, dot]));
  const stepUs = (stepSeconds ?? 0) * 1e6;
  for (const [tsUs, value] of heard) {
    const at = stepUs === 0 ? tsUs : Math.floor(tsUs / stepUs) * stepUs;
    const known = stepUs === 0 ? undefined : dots.get(at);
    dots.set(at, known === undefined ? toDot(at, value) : joined(known, value));
  }
  return [...dots.values()].sort((a, b) => a.tsUs - b.tsUs);
}

function toDot(tsUs: number, value: number): Dot {
  return { tsUs, mean: value, min: value, max: value, n: 1 };
}

function joined({ tsUs, mean, min, max, n }: Dot, value: number): Dot {
  return {
    tsUs,
    mean: (mean * n + value) / (n + 1),
    min: Math.min(min, value),
    max: Math.max(max, value),
    n: n + 1,
  };
}

function byTime(marks: readonly Mark[]): ReadonlyMap<number, Mark> {
  return new Map(marks.toSorted((a, b) => a.tsUs - b.tsUs).map((mark) => [mark.tsUs, mark]));
}

/** The lines of a chart, with a hole where nothing was measured; the ends of the envelope only where dots stand for more than one reading. */
export interface Lines {
  readonly mean: readonly Spot[];
  readonly min: readonly Spot[];
  readonly max: readonly Spot[];
}

export function linesOf(dots: readonly Dot[], stepSeconds: number | null): Lines {
  const allowedUs = longestStepUs(dots, stepSeconds);
  const lines: { mean: Spot[]; min: Spot[]; max: Spot[] } = { mean: [], min: [], max: [] };
  let previousUs: number | undefined;
  const add = (x: number, [mean, min, max]: readonly [number, number, number]): void => {
    lines.mean.push({ x, y: mean });
    if (stepSeconds === null) return;
    lines.min.push({ x, y: min });
    lines.max.push({ x, y: max });
  };
  for (const { tsUs, mean, min, max } of dots) {
    if (previousUs !== undefined && tsUs - previousUs > allowedUs)
      add((previousUs + tsUs) / 2000, [Number.NaN, Number.NaN, Number.NaN]);
    add(tsUs / 1000, [mean, min, max]);
    previousUs = tsUs;
  }
  return lines;
}

/** Two dots further from each other than this have a silence between them. */
function longestStepUs(dots: readonly Dot[], stepSeconds: number | null): number {
  const usualUs = medianIntervalUs(dots.map(({ tsUs, mean }) => [tsUs, mean, 0, 0]));
  if (stepSeconds === null) return usualUs === undefined ? Number.POSITIVE_INFINITY : usualUs * 5;
  // A sensor may well be slower than the step.
  return Math.max(stepSeconds * 1.5e6, (usualUs ?? 0) * 2.5);
}

/** The dots and the anomalies as the keyboard walks along them: [timestampUs, value, score, isAnomaly]. */
export function toPoints(dots: readonly Dot[], marks: ReadonlyMap<number, Mark>): readonly Point[] {
  const points = new Map<number, Point>(dots.map(({ tsUs, mean }) => [tsUs, [tsUs, mean, 0, 0]]));
  for (const { tsUs, value, score } of marks.values()) points.set(tsUs, [tsUs, value, score, 1]);
  return [...points.values()].sort((a, b) => a[0] - b[0]);
}
