import type { LivePoint } from "../../../schema/event.ts";
import { severityOf } from "../../../schema/scored.ts";
import type { Mark } from "./severity-marks.ts";

/** One reading on a chart: [timestampUs, value, score, isAnomaly as 0 or 1], as the history and the live stream both give it. */
export type Point = readonly [timestampUs: number, value: number, score: number, isAnomaly: number];

/** Chart.js' form; `x` in milliseconds since the epoch, `y` NaN where the line is interrupted. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Most readings one chart shows. */
export const pointLimit = 300;

/** A silence of more than this many usual intervals is drawn as a gap. */
const gapIntervals = 5;

/** The union of both, oldest first, one point per timestamp (the incoming one where both have it), the newest `limit`. */
export function mergePoints(
  known: readonly Point[],
  incoming: readonly Point[],
  limit = pointLimit,
): readonly Point[] {
  if (incoming.length === 0) return known.length <= limit ? known : known.slice(-limit);
  if (isAscending(incoming) && isAfter(known, incoming)) return [...known, ...incoming].slice(-limit);
  const byTime = new Map<number, Point>();
  for (const point of known) byTime.set(point[0], point);
  for (const point of incoming) byTime.set(point[0], point);
  return [...byTime.values()].sort((a, b) => a[0] - b[0]).slice(-limit);
}

function isAscending(points: readonly Point[]): boolean {
  return points.every((point, at) => at === 0 || point[0] > (points[at - 1]?.[0] ?? 0));
}

function isAfter(known: readonly Point[], incoming: readonly Point[]): boolean {
  const last = known.at(-1);
  const first = incoming[0];
  return last === undefined || first === undefined || first[0] > last[0];
}

/** The usual time between two readings, or undefined while there are too few to tell. */
export function medianIntervalUs(points: readonly Point[]): number | undefined {
  if (points.length < 4) return undefined;
  const intervals = points.slice(1).map((point, at) => point[0] - (points[at]?.[0] ?? point[0]));
  intervals.sort((a, b) => a - b);
  return intervals[Math.floor(intervals.length / 2)];
}

/** The line of a chart: a silence becomes a hole rather than a straight line that nobody measured. */
export function toLine(points: readonly Point[]): Spot[] {
  const intervalUs = medianIntervalUs(points);
  const allowedUs = intervalUs === undefined ? Number.POSITIVE_INFINITY : intervalUs * gapIntervals;
  const line: Spot[] = [];
  let previousUs: number | undefined;
  for (const [timestampUs, value] of points) {
    if (previousUs !== undefined && timestampUs - previousUs > allowedUs) {
      line.push({ x: (previousUs + timestampUs) / 2000, y: Number.NaN });
    }
    line.push({ x: timestampUs / 1000, y: value });
    previousUs = timestampUs;
  }
  return line;
}

/** The marks of a chart: the anomalous readings, each and every one. */
export function toMarks(points: readonly Point[]): Mark[] {
  return points
    .filter((point) => point[3] === 1)
    .map(([timestampUs, value, score]) => ({ x: timestampUs / 1000, y: value, severity: severityOf(score) }));
}

/** What was pushed of a device, by sensor type. */
export function groupBySensor(readings: readonly LivePoint[]): Map<string, Point[]> {
  const groups = new Map<string, Point[]>();
  for (const [sensorType, timestampUs, value, score, isAnomaly] of readings) {
    const points = groups.get(sensorType) ?? [];
    points.push([timestampUs, value, score, isAnomaly]);
    groups.set(sensorType, points);
  }
  return groups;
}
