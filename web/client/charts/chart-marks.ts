import type { Chart, Plugin } from "chart.js";
import type { Palette } from "../shell/theme.ts";
import type { Band } from "./bands.ts";

interface Range {
  readonly low: number;
  readonly high: number;
}

interface ExpectedDeps {
  readonly palette: () => Palette;
  readonly expectedAt: (timestampUs: number) => Range | undefined;
  /** The anomalous readings on the chart, in milliseconds. */
  readonly anomalies: (chart: Chart<"line">) => readonly number[];
}

const halfBand = 4;

/** A shaded bar at each anomaly, from where the expected range begins to where it ends: how far off it was needs no reading. */
export function expectedPlugin({ palette, expectedAt, anomalies }: ExpectedDeps): Plugin<"line"> {
  return {
    id: "expected",
    beforeDatasetsDraw(chart) {
      const { ctx, scales } = chart;
      const { x, y } = scales;
      if (x === undefined || y === undefined) return;
      const bars = new Path2D();
      const ends = new Path2D();
      for (const atMs of anomalies(chart)) {
        const expected = expectedAt(Math.round(atMs * 1000));
        if (expected === undefined) continue;
        const left = Math.round(x.getPixelForValue(atMs)) - halfBand;
        const heights = [expected.high, expected.low].map((end) => Math.round(y.getPixelForValue(end)));
        const [top = 0, bottom = 0] = heights.map((end) => Math.min(Math.max(end, y.top), y.bottom));
        bars.rect(left, top, halfBand * 2, bottom - top);
        // An end outside the chart gets no stroke: the bar is cut off there and does not end.
        for (const end of heights.filter((height) => height >= y.top && height <= y.bottom)) {
          ends.rect(left - 1, end - 0.75, halfBand * 2 + 2, 1.5);
        }
      }
      ctx.save();
      // One fill for all: bars that overlap do not become darker.
      ctx.fillStyle = palette().expected;
      ctx.fill(bars);
      ctx.fillStyle = palette().text;
      ctx.fill(ends);
      ctx.restore();
    },
  };
}

/** Behind the line: between which values it was usual, from step to step, until the line ends. */
export function usualPlugin(
  palette: () => Palette,
  usual: () => { readonly courses: readonly (readonly Band[])[]; readonly untilMs: number },
): Plugin<"line"> {
  return {
    id: "usual",
    beforeDatasetsDraw({ ctx, chartArea, scales: { x, y } }) {
      const { courses, untilMs } = usual();
      if (x === undefined || y === undefined) return;
      const across = (atMs: number) => Math.max(x.getPixelForValue(Math.min(atMs, untilMs)), chartArea.left);
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      for (const bands of courses) {
        const lefts = [...bands.map(([tsUs]) => across(tsUs / 1000)), across(untilMs)];
        const upper = stairs(
          bands.map(([, , high]) => y.getPixelForValue(high)),
          lefts,
        );
        const lower = stairs(
          bands.map(([, low]) => y.getPixelForValue(low)),
          lefts,
        );
        ctx.fillStyle = palette().usual;
        ctx.fill(pathOf([...upper, ...lower.toReversed()]));
        ctx.strokeStyle = palette().usualEdge;
        ctx.stroke(pathOf(upper));
        ctx.stroke(pathOf(lower));
      }
      ctx.restore();
    },
  };
}

type Pixel = readonly [x: number, y: number];

/** Each height from its left end to the next one's. */
function stairs(heights: readonly number[], lefts: readonly number[]): readonly Pixel[] {
  return heights.flatMap((height, at): Pixel[] => {
    // Sharp, and never so far away that a canvas loses count.
    const top = Math.round(Math.min(Math.max(height, -1e4), 1e4)) + 0.5;
    return [
      [lefts[at] ?? 0, top],
      [lefts[at + 1] ?? 0, top],
    ];
  });
}

function pathOf(pixels: readonly Pixel[]): Path2D {
  const path = new Path2D();
  for (const [x, y] of pixels) path.lineTo(x, y);
  return path;
}

/** A line through the reading the keyboard stands on, and a ring around it. */
export function cursorPlugin(
  palette: () => Palette,
  place: () => { readonly x: number; readonly y: number } | undefined,
): Plugin<"line"> {
  return {
    id: "cursor",
    afterDatasetsDraw({ ctx, chartArea }) {
      const at = place();
      if (at === undefined) return;
      ctx.save();
      ctx.strokeStyle = palette().focus;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(Math.round(at.x) + 0.5, chartArea.top);
      ctx.lineTo(Math.round(at.x) + 0.5, chartArea.bottom);
      ctx.stroke();
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.arc(at.x, at.y, 7, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.restore();
    },
  };
}
