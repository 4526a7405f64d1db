import type { Plugin } from "chart.js";
import type { Span } from "../charts/span.ts";
import type { Palette } from "../shell/theme.ts";

interface EpisodeDeps {
  readonly palette: () => Palette;
  /** When the alarm began and was last heard of. */
  readonly span: Span;
  /** Where its worst reading was expected to be. */
  readonly expected: { readonly low: number; readonly high: number } | null;
}

/** Behind the line: the time of an alarm, and where readings were expected then. */
export function episodePlugin({ palette, span, expected }: EpisodeDeps): Plugin<"line"> {
  return {
    id: "episode",
    beforeDatasetsDraw: ({ ctx, chartArea: { left, right, top, bottom }, scales: { x, y } }) => {
      if (x === undefined || y === undefined) return;
      const across = (atMs: number) => Math.min(Math.max(x.getPixelForValue(atMs), left), right);
      const down = (value: number) => Math.min(Math.max(y.getPixelForValue(value), top), bottom);
      ctx.save();
      ctx.fillStyle = palette().fill;
      const from = across(span.fromMs) - 1;
      ctx.fillRect(from, top, across(span.toMs) + 1 - from, bottom - top);
      if (expected !== null) {
        ctx.fillStyle = palette().expected;
        ctx.fillRect(left, down(expected.high), right - left, down(expected.low) - down(expected.high));
      }
      ctx.restore();
    },
  };
}
