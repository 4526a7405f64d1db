import type { ReadingsAnswer } from "../../../schema/api.ts";
import type { HistoryAnswer } from "../../../schema/history.ts";
import { severityOf } from "../../../schema/scored.ts";

interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The newest readings in the form of a history, for a server that has no other answer. */
export function toHistory({ series }: ReadingsAnswer, { fromUs, toUs }: Window): HistoryAnswer {
  return {
    cursor: "",
    fromUs,
    toUs,
    series: series.map(({ deviceId, sensorType, points }) => {
      const inside = points.filter(([tsUs]) => tsUs >= fromUs && tsUs < toUs);
      return {
        ...{ deviceId, sensorType, level: "raw", stepSeconds: null, anomaliesLeftOff: 0 },
        ts: inside.map(([tsUs]) => tsUs),
        mean: inside.map(([, value]) => value),
        anomalies: inside
          .filter((point) => point[3] === 1)
          .map(([tsUs, value, score]) => [tsUs, value, score, severityOf(score)]),
      };
    }),
  };
}
