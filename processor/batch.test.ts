import { expect, test } from "vitest";
import type { StreamEntry } from "../platform/ports.ts";
import { partsOf, unreadableEntry } from "./batch.ts";

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
