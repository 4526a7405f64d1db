import { expect, test } from "vitest";
import { packSnapshot, parseSnapshot, type Snapshot } from "./cache.ts";

const snapshot: Snapshot = {
  savedMs: 1_763_838_008_000,
  devices: [
    {
      id: "press-1",
      active: true,
      connection: null,
      state: "online",
      alarms: { open: 0, severity: null },
      firstSeenUs: 1,
      lastSeenUs: 2,
      sensors: [
        {
          type: "temperature",
          label: "Temperature",
          unit: "°C",
          timestampUs: 2,
          value: 21,
          score: 0,
          isAnomaly: false,
          learning: null,
        },
      ],
    },
  ],
  anomalies: [],
  series: Array.from({ length: 40 }, (_, at) => ({
    deviceId: "press-1",
    sensorType: `sensor-${at}`,
    points: Array.from({ length: 300 }, (__, n) => [1_763_838_008_000_000 + n, n / 7, 0.123456, 0] as const),
  })),
};

test("a snapshot comes back as it was kept, scores rounded and series shortened", () => {
  const back = parseSnapshot(packSnapshot(snapshot, 10_000_000));
  expect(back?.devices).toEqual(snapshot.devices);
  expect(back?.series).toHaveLength(40);
  expect(back?.series[0]?.points).toHaveLength(120);
  expect(back?.series[0]?.points.at(-1)).toEqual([1_763_838_008_000_299, 299 / 7, 0.123, 0]);
});

test("a snapshot never outgrows its budget and keeps the devices", () => {
  const text = packSnapshot(snapshot, 30_000);
  expect(text.length).toBeLessThanOrEqual(30_000);
  const back = parseSnapshot(text);
  expect(back?.devices).toHaveLength(1);
  expect(back?.series.length).toBeGreaterThan(0);
  expect(packSnapshot(snapshot, 10)).toBe("");
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '{"savedMs":1}',
  '{"savedMs":1,"devices":[{}],"anomalies":[],"series":[]}',
])("a broken text is no snapshot: %s", (text) => {
  expect(parseSnapshot(text)).toBeUndefined();
});
