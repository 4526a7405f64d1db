import type { ChartConfiguration } from "chart.js";
import type { Palette } from "../shell/theme.ts";
import { timeLabel, timeTicks, valueLabel, valueTicks } from "./axis.ts";

type Scales = NonNullable<NonNullable<ChartConfiguration<"line">["options"]>["scales"]>;
type Scale = NonNullable<Scales[string]>;

const halfLabelPixels = 16;
const tickFont = { size: 10, family: "ui-sans-serif, system-ui, sans-serif" };

/** Width of the values beside a chart: one for all, so that the time axes of charts lie under each other. */
const valuesPixels = 44;

/** What all charts are alike in: they are handed points as they are drawn, move by themselves never, and fill their place. */
export function chartOptions(palette: () => Palette) {
  return {
    parsing: false as const,
    normalized: true,
    animation: false as const,
    responsive: true,
    maintainAspectRatio: false,
    devicePixelRatio: Math.min(devicePixelRatio, 2),
    scales: { x: timeScale(palette), y: valueScale(palette) },
  };
}

function timeScale(palette: () => Palette): Scale {
  return {
    type: "linear",
    border: { display: false },
    grid: { display: false },
    afterBuildTicks: (axis) => {
      // A label over the edge would make Chart.js narrow the chart, and it would breathe with every reading.
      const lastMs =
        axis.max - ((axis.max - axis.min) * halfLabelPixels) / Math.max(axis.width, halfLabelPixels);
      axis.ticks = timeTicks(axis, axis.width)
        .filter((atMs) => atMs < lastMs)
        .map((value) => ({ value }));
    },
    ticks: {
      color: () => palette().text,
      font: tickFont,
      maxRotation: 0,
      autoSkip: false,
      padding: 2,
      callback: (value, _index, ticks) =>
        timeLabel(Number(value), (ticks[1]?.value ?? Number.POSITIVE_INFINITY) - (ticks[0]?.value ?? 0)),
    },
  };
}

function valueScale(palette: () => Palette): Scale {
  return {
    type: "linear",
    border: { display: false },
    grid: { color: () => palette().grid, drawTicks: false },
    afterBuildTicks: (axis) => {
      axis.ticks = valueTicks(axis).map((value) => ({ value }));
    },
    afterFit: (axis) => {
      axis.width = valuesPixels;
    },
    ticks: {
      color: () => palette().text,
      font: tickFont,
      autoSkip: false,
      padding: 6,
      callback: (value) => valueLabel(Number(value)),
    },
  };
}
