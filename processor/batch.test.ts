import { expect, test } from "vitest";
import type { StreamEntry } from "../platform/ports.ts";
import { decodeAgain } from "../schema/replay.ts";
import type { ScoredReading } from "../schema/scored.ts";
import { heardByNow, partsOf, refusedReading, toLiveReadings, unreadableEntry } from "./batch.ts";

function entry(id: string, readings: number): StreamEntry {
  const reading = { deviceId: "a", sensorType: "b", timestampUs: 1, value: 1 };
  return {
    id,
    raw: Buffer.alloc(0),
    frame: {
      origin: "a",
      sequence: 1,
      receivedUs: 1,
      readings: Array.from({ length: readings }, () => reading),
      rejections: [],
    },
  };
}

test("entries are parted in order, none heavier than allowed unless a single entry is", () => {
  const entries = [entry("1", 900), entry("2", 200), entry("3", 3000), entry("4", 1), entry("5", 999)];
  const parts = partsOf(entries, 1000).map((part) => part.map(({ id }) => id));
  expect(parts).toEqual([["1"], ["2"], ["3"], ["4", "5"]]);
  expect(partsOf([], 1000)).toEqual([]);
});

test("an unreadable entry is kept under the same id however often it is handed out", () => {
  const foreign: StreamEntry = { id: "1795000000000-3", frame: null, raw: Buffer.from("junk") };
  const kept = unreadableEntry(foreign);
  expect(kept).toEqual(unreadableEntry(foreign));
  expect(kept).toMatchObject({
    code: "FRAME_UNREADABLE",
    payload: "junk",
    receivedUs: 1_795_000_000_000_000,
  });
  expect(kept.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a reading the database refuses is kept under one id, as a message that gives the same reading again", () => {
  const reading = { deviceId: "büro 3", sensorType: "co2", timestampUs: 1_795_000_000_123_456, value: -0.5 };
  const judged = {
    score: 0,
    isAnomaly: false,
    confidence: 0,
    modelVersion: "",
    isLate: false,
    explanation: null,
  };
  const kept = refusedReading({ ...reading, ...judged }, "no room", 1_795_000_001_000_000);
  expect(kept).toMatchObject({ code: "STORE_REFUSED", deviceId: "büro 3", source: "stream" });
  expect(kept.id).toBe(refusedReading({ ...reading, ...judged }, "still none", 1).id);
  const rules = { nowUs: 1_795_000_002_000_000, maxFutureUs: 0, maxReadings: 1, maxPayloadBytes: 4096 };
  expect(decodeAgain(kept, rules)).toEqual({ kind: "readings", readings: [reading] });
});

test("live readings go by device, with the bands that begin with them", () => {
  const reading = (deviceId: string, value: number): ScoredReading => ({
    ...{ deviceId, sensorType: "temperature", timestampUs: value, value, score: 0.1, isAnomaly: false },
    ...{ confidence: 1, modelVersion: "none", isLate: false, explanation: null },
  });
  const band = { deviceId: "a", sensorType: "temperature", timestampUs: 3, low: 19, high: 24 };
  const batch = { readings: [reading("a", 1), reading("b", 2), reading("a", 3)], bands: [band] };
  expect(toLiveReadings(batch)).toEqual([
    {
      deviceId: "a",
      readings: [1, 3].map((value) => ["temperature", value, value, 0.1, 0]),
      bands: [["temperature", 3, 19, 24]],
    },
    { deviceId: "b", readings: [["temperature", 2, 2, 0.1, 0]] },
  ]);
});

test("no frame is believed to have come later than a minute from now", () => {
  const frame = { origin: "a", sequence: 1, receivedUs: 1_795_000_000_000_000, readings: [], rejections: [] };
  expect(heardByNow(frame, frame.receivedUs - 50e6)).toBe(frame);
  expect(heardByNow(frame, frame.receivedUs - 1e15).receivedUs).toBe(frame.receivedUs - 1e15 + 60e6);
});
