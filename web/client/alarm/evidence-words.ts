import type { HistorySeries } from "../../../schema/history.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { describeResolution } from "../charts/resolution-words.ts";
import { formatMeasure, formatMoment } from "../shell/format.ts";

/** What a point of the chart stands for, how many there are, and what is left off. */
export function describePoints(series: HistorySeries): string {
  const { stepSeconds, ts, anomaliesLeftOff } = series;
  const points = `${describeResolution(series)}${stepSeconds === null ? `, ${ts.length}` : ""}`;
  return anomaliesLeftOff === 0 ? points : `${points}; ${anomaliesLeftOff} anomalies not drawn`;
}

/** The chart in a sentence. */
export function describeSeries(series: HistorySeries): string {
  const { sensorType, ts, mean, anomalies } = series;
  const first = ts[0];
  const last = ts.at(-1);
  if (first === undefined || last === undefined) return `${sensorLabel(sensorType)}: no readings`;
  const least = extreme(series.min ?? mean, Math.min);
  const most = extreme(series.max ?? mean, Math.max);
  const marks = anomalies.length === 1 ? "1 anomaly" : `${anomalies.length} anomalies`;
  return (
    `${sensorLabel(sensorType)} from ${formatMoment(first / 1000)} to ${formatMoment(last / 1000)}: ` +
    `${formatMeasure(sensorType, least)} to ${formatMeasure(sensorType, most)}, ${marks}`
  );
}

function extreme(values: readonly number[], better: (a: number, b: number) => number): number {
  return values.reduce((best, value) => better(best, value), values[0] ?? 0);
}
