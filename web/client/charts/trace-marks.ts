import type { Chart, Plugin } from "chart.js";
import type { Palette } from "../shell/theme.ts";

/** In milliseconds since the epoch. */
type Span = readonly [fromMs: number, toMs: number];

const ribbonPixels = 5;
const binPixels = 6;

/** Above the chart: how many anomalies there were, the more the darker. What is too close to be told apart below is seen here. */
export function ribbonPlugin(palette: () => Palette, anomalies: () => readonly number[]): Plugin<"line"> {
  return {
    id: "ribbon",
    afterDraw({ ctx, chartArea, scales }) {
      const { x } = scales;
      if (x === undefined) return;
      const counts = new Map<number, number>();
      for (const atMs of anomalies()) {
        const bin = Math.floor((x.getPixelForValue(atMs) - chartArea.left) / binPixels);
        counts.set(bin, (counts.get(bin) ?? 0) + 1);
      }
      const most = Math.max(1, ...counts.values());
      ctx.save();
      ctx.fillStyle = palette().grid;
      ctx.fillRect(chartArea.left, 0, chartArea.width, ribbonPixels);
      ctx.fillStyle = palette().anomaly;
      for (const [bin, count] of counts) {
        const left = chartArea.left + bin * binPixels;
        if (left < chartArea.left || left >= chartArea.right) continue;
        ctx.globalAlpha = 0.35 + 0.65 * (count / most);
        ctx.fillRect(left, 0, binPixels - 1, ribbonPixels);
      }
      ctx.restore();
    },
  };
}

/** The moment that somebody points at, through all charts of a page. */
export function crosshairPlugin(palette: () => Palette, atMs: () => number | undefined): Plugin<"line"> {
  return {
    id: "crosshair",
    afterDatasetsDraw({ ctx, chartArea, scales }) {
      const at = atMs();
      const left = at === undefined ? undefined : scales["x"]?.getPixelForValue(at);
      if (left === undefined || left < chartArea.left || left > chartArea.right) return;
      ctx.save();
      ctx.strokeStyle = palette().focus;
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(Math.round(left) + 0.5, chartArea.top);
      ctx.lineTo(Math.round(left) + 0.5, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };
}

/** What is being marked with the pointer. */
export function selectionPlugin(palette: () => Palette, span: () => Span | undefined): Plugin<"line"> {
  return {
    id: "selection",
    afterDatasetsDraw(chart) {
      const marked = span();
      if (marked === undefined) return;
      const { ctx, chartArea } = chart;
      const [from, to] = ends(chart, marked);
      ctx.save();
      ctx.fillStyle = palette().expected;
      ctx.fillRect(from, chartArea.top, to - from, chartArea.height);
      ctx.restore();
    },
  };
}

function ends({ scales, chartArea }: Chart<"line">, span: Span): Span {
  const pixels = span.map((atMs) => {
    const left = scales["x"]?.getPixelForValue(atMs) ?? chartArea.left;
    return Math.min(Math.max(left, chartArea.left), chartArea.right);
  });
  return [Math.min(...pixels), Math.max(...pixels)];
}
