import { newSeries, type SeriesState } from "./channels.ts";

/** Grows when the numbers in a state, or their meaning, change: states of another format are not read. */
export const seriesFormat = 1;

const scalars = [
  "count",
  "weight",
  "lastTimestampUs",
  "lastValue",
  "settledValue",
  "resolution",
  "mean",
  "ema10",
  "ema16",
  "ema40",
  "unrest",
  "unusualRun",
] as const;
const lists = ["variances", "quantiles", "peaks"] as const;

/** A state as bytes: its numbers one after the other, eight bytes each, so that nothing is rounded. */
export function serialiseSeries(state: SeriesState): Uint8Array {
  const numbers = [...scalars.map((name) => state[name]), ...lists.flatMap((name) => state[name])];
  return new Uint8Array(new Float64Array(numbers).buffer);
}

/** The state that `serialiseSeries` wrote, or undefined when these bytes are not one. */
export function parseSeries(sensorType: string, bytes: Uint8Array): SeriesState | undefined {
  const state = newSeries(sensorType);
  const count = scalars.length + lists.reduce((sum, name) => sum + state[name].length, 0);
  if (bytes.length !== count * Float64Array.BYTES_PER_ELEMENT) return undefined;
  // A copy, since a view needs its bytes at a multiple of eight.
  const numbers = new Float64Array(new Uint8Array(bytes).buffer).values();
  const next = (): number => numbers.next().value ?? Number.NaN;
  for (const name of scalars) state[name] = next();
  for (const name of lists) for (const index of state[name].keys()) state[name][index] = next();
  return state;
}
