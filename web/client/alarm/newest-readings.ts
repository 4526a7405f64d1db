import type { ReadingsAnswer } from "../../../schema/api.ts";
import type { HistorySeries } from "../../../schema/history.ts";
import { severityOf } from "../../../schema/scored.ts";
import type { Span } from "./span.ts";

/** Of the newest readings of a device those of one sensor (or of all, if it is empty) that lie in a span, as a history has them. */
export function withinSpan(
  { series }: ReadingsAnswer,
  sensorType: string,
  { fromMs, toMs }: Span,
): readonly HistorySeries[] {
  return series
    .filter((one) => sensorType === "" || one.sensorType === sensorType)
    .map((one) => {
      const points = one.points.filter(([atUs]) => atUs >= fromMs * 1000 && atUs < toMs * 1000);
      return {
        ...{ deviceId: one.deviceId, sensorType: one.sensorType, level: "raw", stepSeconds: null },
        ts: points.map(([atUs]) => atUs),
        mean: points.map(([, value]) => value),
        anomalies: points
          .filter(([, , , isAnomaly]) => isAnomaly === 1)
          .map(([atUs, value, score]) => [atUs, value, score, severityOf(score)]),
        anomaliesLeftOff: 0,
      };
    });
}
