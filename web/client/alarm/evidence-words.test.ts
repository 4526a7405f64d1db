import { expect, test } from "vitest";
import type { HistorySeries } from "../../../schema/history.ts";
import { describePoints, describeSeries } from "./evidence-words.ts";

const raw: HistorySeries = {
  ...{ deviceId: "a", sensorType: "temperature", level: "raw", stepSeconds: null },
  ...{ ts: [0, 1_000_000, 2_000_000], mean: [21, 150, 22] },
  anomalies: [[1_000_000, 150, 0.9, "major"]],
  expected: [],
  anomaliesLeftOff: 0,
};
const rolled: HistorySeries = { ...raw, level: "1m", stepSeconds: 60, min: [20, 22, 21], max: [30, 160, 25] };

test("says what a point stands for", () => {
  expect(describePoints(raw)).toBe("every reading, 3");
  expect(describePoints(rolled)).toBe("mean, least and greatest of 1 min");
  expect(describePoints({ ...raw, anomaliesLeftOff: 7 })).toBe("every reading, 3; 7 anomalies not drawn");
});

test("says what the chart shows, with the extremes of what lies behind its points", () => {
  expect(describeSeries(raw)).toMatch(/: 21\.00\u202f°C to 150\.0\u202f°C, 1 anomaly$/);
  expect(describeSeries(rolled)).toMatch(/: 20\.00\u202f°C to 160\.0\u202f°C, 1 anomaly$/);
  expect(describeSeries({ ...raw, ts: [], mean: [] })).toMatch(/no readings$/);
});
