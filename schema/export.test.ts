import { expect, test } from "vitest";
import { csvHead, csvLines, momentIn } from "./export.ts";

const point = {
  timestampUs: Date.UTC(2026, 10, 22, 10) * 1000 + 123,
  value: 21.5,
  score: 0.25,
  isAnomaly: false,
  modelVersion: "temperature@factory-2",
};

test("a reading is a line with all digits of its microseconds", () => {
  const run = { deviceId: "press-01", sensorType: "temperature", points: [point] };
  expect(csvHead + csvLines(run)).toBe(
    "device_id,sensor_type,timestamp,value,anomaly_score,is_anomaly,model_version\n" +
      "press-01,temperature,2026-11-22T10:00:00.000123Z,21.5,0.25,false,temperature@factory-2\n",
  );
});

test.each([
  ['hall 3, "left"', '"hall 3, ""left"""'],
  ["=1+1", "'=1+1"],
  ["@here", "'@here"],
  ["plain", "plain"],
])("the name %s is written as %s", (deviceId, written) => {
  const lines = csvLines({ deviceId, sensorType: "t", points: [point] });
  expect(lines.startsWith(`${written},t,`)).toBe(true);
});

test.each([
  ["1795341600123456", 1_795_341_600_123_456],
  ["2026-11-22T10:00:00.000123Z", Date.UTC(2026, 10, 22, 10) * 1000 + 123],
  ["2026-11-22", Date.UTC(2026, 10, 22) * 1000],
  ["5", 5],
  ["yesterday", undefined],
  ["99999999999999999999", undefined],
])("the moment %s is %s", (text, us) => {
  expect(momentIn(text)).toBe(us);
});
