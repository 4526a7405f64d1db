import { expect, test } from "vitest";
import { withinSpan } from "./newest-readings.ts";

const series = (sensorType: string) => ({
  ...{ deviceId: "a", sensorType },
  points: [
    [1_000_000, 21, 0.1, 0],
    [2_000_000, 150, 0.97, 1],
    [3_000_000, 22, 0.1, 0],
  ] satisfies [number, number, number, number][],
});

test("takes of the newest readings what lies in a span, the end not included", () => {
  const answer = { series: [series("temperature"), series("humidity")] };
  expect(withinSpan(answer, "temperature", { fromMs: 1000, toMs: 3000 })).toEqual([
    {
      ...{ deviceId: "a", sensorType: "temperature", level: "raw", stepSeconds: null, anomaliesLeftOff: 0 },
      ...{ ts: [1_000_000, 2_000_000], mean: [21, 150], anomalies: [[2_000_000, 150, 0.97, "critical"]] },
    },
  ]);
  expect(withinSpan(answer, "", { fromMs: 0, toMs: 9000 })).toHaveLength(2);
});
