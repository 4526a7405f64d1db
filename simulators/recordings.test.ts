import { expect, test } from "vitest";
import { loadCsv, loadMotes, parseCsv } from "./recordings.ts";

const subject = { deviceId: "lift-1", sensorType: "load" };

test("four motes speak every five seconds, in time order, with two labelled events", async () => {
  const { readings } = await loadMotes();
  expect(readings).toHaveLength(2 * 18_914);
  expect(readings[0]).toEqual({
    deviceId: "mote-1",
    sensorType: "temperature",
    timestampUs: Date.UTC(2010, 4, 9, 8) * 1e3,
    value: 27.97,
    label: "normal",
  });
  const times = readings.map((reading) => reading.timestampUs);
  expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
  const events = readings.filter((reading) => reading.label === "anomaly");
  expect(events).toHaveLength(2 * (117 + 32));
  expect(new Set(events.map((reading) => reading.deviceId))).toEqual(new Set(["mote-1", "mote-4"]));
  const keys = readings.map(
    ({ deviceId, sensorType, timestampUs }) => `${deviceId} ${sensorType} ${timestampUs}`,
  );
  expect(new Set(keys).size).toBe(readings.length);
});

test("a fault of the motes' loader that is no absence is passed on", async () => {
  await expect(loadMotes(() => Promise.reject(new Error("disk on fire")))).rejects.toThrow("disk on fire");
});

test("two columns without a header are timestamp and value of the named sensor", () => {
  expect(parseCsv("2014-02-14 14:30:00,0.132\n1392388500,7\n", subject)).toEqual({
    skipped: 0,
    readings: [
      { ...subject, timestampUs: Date.UTC(2014, 1, 14, 14, 30) * 1e3, value: 0.132, label: undefined },
      { ...subject, timestampUs: Date.UTC(2014, 1, 14, 14, 35) * 1e3, value: 7, label: undefined },
    ],
  });
});

test("a header names the columns in any order, quotes, semicolons and line ends notwithstanding", () => {
  const text =
    '\uFEFFvalue;"device_id";anomaly;sensor_type;datetime\r\n1.5;"a";1.0;load;2020-03-09 10:14:33\r\n';
  expect(parseCsv(text, subject).readings).toEqual([
    {
      deviceId: "a",
      sensorType: "load",
      timestampUs: Date.UTC(2020, 2, 9, 10, 14, 33) * 1e3,
      value: 1.5,
      label: "anomaly",
    },
  ]);
});

test("four columns without a header are timestamp, device, sensor type and value", () => {
  const { readings } = parseCsv("2020-01-01T00:00:00.000001Z,a,temperature,3,0\n", subject);
  expect(readings).toEqual([
    { deviceId: "a", sensorType: "temperature", timestampUs: 1577836800000001, value: 3, label: "normal" },
  ]);
});

test("lines without a reading are counted and skipped", () => {
  const text =
    "timestamp,value\n2020-01-01T00:00:00Z,\nnever,1\n2020-01-01T00:00:01Z,NaN\n2020-01-01T00:00:02Z,4\n";
  const { readings, skipped } = parseCsv(text, subject);
  expect(readings).toHaveLength(1);
  expect(skipped).toBe(3);
});

test("a file that is absent is named", async () => {
  await expect(loadCsv("/nowhere/data.csv", subject)).rejects.toThrow(/cannot read \/nowhere\/data\.csv/);
});
