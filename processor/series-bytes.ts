import { newSeries, type SeriesState } from "./series.ts";

/** Grows when the numbers in a state, or their meaning, change: states of another format are not read. */
export const seriesFormat = 4;

const scalars = [
  "count",
  "weight",
  "firstTimestampUs",
  "lastTimestampUs",
  "intervalUs",
  "origin",
  "lastRaw",
  "lastValue",
  "beforeLastValue",
  "settledValue",
  "resolution",
  "mean",
  "ema10",
  "ema16",
  "ema40",
  "unrest",
  "unrestMean",
  "low",
  "high",
  "unusualRun",
  "outsideRun",
  "sinceOutside",
  "sumQuantile",
] as const;
const tailScalars = ["threshold", "rate", "readings", "clusters", "mean", "peak", "quiet", "run"] as const;
const restScalars = ["changeShare", "readings", "run", "longest"] as const;
const headScalars = [
  "latest",
  "average",
  "roughness",
  "mean",
  "variance",
  "roughMean",
  "roughVariance",
  "weight",
  "away",
  "reached",
] as const;
// When it was last heard of is left out: what came since the anchor was heard of, too.
const cadenceScalars = ["gaps", "meanUs", "longUs", "overdueRun"] as const;
const lists = ["variances", "heard", "quantiles", "peaks", "told", "toldAt"] as const;
const singles = ["day", "week", "recent"] as const;

/** A state as bytes: its numbers one after the other, in the precision they have, so that nothing is rounded. */
export function serialiseSeries(state: SeriesState): Uint8Array {
  const doubles = Float64Array.from([
    ...scalars.map((name) => state[name]),
    ...tailScalars.map((name) => state.tail[name]),
    ...restScalars.map((name) => state.rests[name]),
    ...headScalars.map((name) => state.head[name]),
    ...tailScalars.map((name) => state.head.tail[name]),
    ...cadenceScalars.map((name) => state.cadence[name]),
    ...lists.flatMap((name) => state[name]),
  ]);
  const parts = [doubles, ...singles.map((name) => state[name])];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

const blank = newSeries("");
const listed = lists.reduce((sum, name) => sum + blank[name].length, 0);
const doubleCount =
  scalars.length +
  2 * tailScalars.length +
  restScalars.length +
  headScalars.length +
  cadenceScalars.length +
  listed;
const stateBytes = serialiseSeries(blank).length;

/** The state that `serialiseSeries` wrote, or undefined when these bytes are not one. */
export function parseSeries(sensorType: string, bytes: Uint8Array): SeriesState | undefined {
  if (bytes.length !== stateBytes) return undefined;
  const state = newSeries(sensorType);
  // A copy, since a view needs its bytes at a multiple of eight.
  const { buffer } = new Uint8Array(bytes);
  const numbers = new Float64Array(buffer, 0, doubleCount).values();
  const next = (): number => numbers.next().value ?? Number.NaN;
  for (const name of scalars) state[name] = next();
  for (const name of tailScalars) state.tail[name] = next();
  for (const name of restScalars) state.rests[name] = next();
  for (const name of headScalars) state.head[name] = next();
  for (const name of tailScalars) state.head.tail[name] = next();
  for (const name of cadenceScalars) state.cadence[name] = next();
  for (const name of lists) for (const index of state[name].keys()) state[name][index] = next();
  let at = doubleCount * Float64Array.BYTES_PER_ELEMENT;
  for (const name of singles) {
    state[name].set(new Float32Array(buffer, at, state[name].length));
    at += state[name].byteLength;
  }
  return state;
}
