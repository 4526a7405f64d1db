import { sensorTypes } from "../../../schema/sensors.ts";
import { formatMeasure, formatValue } from "../shell/format.ts";
import type { Spot } from "./history.ts";
import type { Span } from "./span.ts";

/** Between which values readings are usual from a moment on, microseconds since the epoch, until the next band. */
export type Band = readonly [tsUs: number, low: number, high: number];

interface Ends {
  readonly low: number;
  readonly high: number;
}

/** Both, by their time, each moment once. */
export function joined(known: readonly Band[], more: readonly Band[]): readonly Band[] {
  if (more.length === 0) return known;
  const byTime = new Map([...known, ...more].map((band) => [band[0], band]));
  return [...byTime.values()].sort((a, b) => a[0] - b[0]);
}

/** From the one in force at that moment on. */
export function bandsSince(bands: readonly Band[], fromUs: number): readonly Band[] {
  const first = placeAt(bands, fromUs);
  return first > 0 ? bands.slice(first) : bands;
}

/** The one in force at that moment; undefined where nobody knows. */
export function bandAt(bands: readonly Band[], tsUs: number): Band | undefined {
  return bands[placeAt(bands, tsUs)];
}

/** -1 before the first. */
function placeAt(bands: readonly Band[], tsUs: number): number {
  let [first, end] = [0, bands.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if ((bands[middle]?.[0] ?? 0) <= tsUs) first = middle + 1;
    else end = middle;
  }
  return first - 1;
}

/**
 * The bands as they lie on a chart: round a circle each next to the one before it, and all of them one turn below and above as well,
 * where these reach into it.
 */
export function asDrawn(sensorType: string, bands: readonly Band[]): readonly (readonly Band[])[] {
  const circle = circleOf(sensorType);
  if (circle === undefined || bands.length === 0) return [bands];
  const turn = circle.high - circle.low;
  const inRow: Band[] = [];
  for (const [tsUs, low, high] of bands) {
    const before = inRow.at(-1)?.[1] ?? low;
    const by = turn * Math.round((before - low) / turn);
    inRow.push([tsUs, low + by, high + by]);
  }
  return [-turn, 0, turn].map((by) => inRow.map(([tsUs, low, high]): Band => [tsUs, low + by, high + by]));
}

interface Picture extends Span {
  readonly sensorType: string;
  readonly bands: readonly Band[];
  readonly line: readonly Spot[];
}

/**
 * The ends that a chart makes room for, as spots: on either side no further from the line than the line itself is high, so that a wide
 * band does not flatten it. There is nothing beyond the ends of a circle.
 */
export function roomFor({ sensorType, bands, line, ...span }: Picture): readonly Spot[] {
  const known = line.filter(({ y }) => !Number.isNaN(y));
  const shown = bandsSince(bands, span.fromMs * 1000).filter(([tsUs]) => tsUs < span.toMs * 1000);
  if (known.length === 0 || shown.length === 0 || circleOf(sensorType) !== undefined) return [];
  const least = known.reduce((most, { y }) => Math.min(most, y), Number.POSITIVE_INFINITY);
  const greatest = known.reduce((most, { y }) => Math.max(most, y), Number.NEGATIVE_INFINITY);
  const height = greatest - least;
  const low = shown.reduce((most, band) => Math.min(most, band[1]), Number.POSITIVE_INFINITY);
  const high = shown.reduce((most, band) => Math.max(most, band[2]), Number.NEGATIVE_INFINITY);
  return [
    { x: span.fromMs, y: Math.max(low, least - height) },
    { x: span.fromMs, y: Math.min(high, greatest + height) },
  ];
}

/** Where a value lies beside what is usual, in words: `above what is usual, 19.80 to 24.60 °C`; empty where it is usual, or nobody knows. */
export function describeStanding(sensorType: string, value: Ends, band: Band | undefined): string {
  if (band === undefined) return "";
  const [, low, high] = band;
  const usual = `what is usual, ${describeBand(sensorType, band)}`;
  const circle = circleOf(sensorType);
  if (circle !== undefined) {
    const turn = circle.high - circle.low;
    const isInside = [-turn, 0, turn].some((by) => value.low >= low + by && value.high <= high + by);
    return isInside ? "" : `outside of ${usual}`;
  }
  if (value.high > high && value.low < low) return `above and below ${usual}`;
  if (value.high > high) return `above ${usual}`;
  return value.low < low ? `below ${usual}` : "";
}

/** `19.80 to 24.60 °C`. */
export function describeBand(sensorType: string, band: Band): string {
  const { low, high } = endsOf(sensorType, band);
  return `${formatValue(low)} to ${formatMeasure(sensorType, high)}`;
}

/** The ends as the sensor would show them: round a circle the lower may be the larger number. */
export function endsOf(sensorType: string, [, low, high]: Band): Ends {
  const circle = circleOf(sensorType);
  if (circle === undefined) return { low, high };
  const turn = circle.high - circle.low;
  const onCircle = (value: number): number => value - turn * Math.floor((value - circle.low) / turn);
  return high - low >= turn ? circle : { low: onCircle(low), high: onCircle(high) };
}

function circleOf(sensorType: string): Ends | undefined {
  const type = sensorTypes.get(sensorType);
  return type?.kind === "circular" ? type.physical : undefined;
}
