import type { Point } from "./history.ts";

interface Box {
  readonly width: number;
  readonly height: number;
}

const edge = 2;

/** The path of a small line through the values, from left to right by their time; empty for fewer than two. */
export function sparkPath(points: readonly Point[], { width, height }: Box): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return "";
  const values = points.map(([, value]) => value);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const across = (tsUs: number): number =>
    edge + ((tsUs - first[0]) / (last[0] - first[0])) * (width - 2 * edge);
  // A value that never changes lies in the middle.
  const down = (value: number): number =>
    greatest === least ? height / 2 : edge + ((greatest - value) / (greatest - least)) * (height - 2 * edge);
  const spots = points.map(([tsUs, value]) => `${across(tsUs).toFixed(1)},${down(value).toFixed(1)}`);
  return `M${spots.join("L")}`;
}
