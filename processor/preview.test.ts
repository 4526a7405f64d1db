import { expect, test } from "vitest";
import type { JudgedAlarm } from "../platform/models/tuning-ports.ts";
import type { AlarmVerdict } from "../schema/alarm.ts";
import { type Tuning, usualTuning } from "../schema/tuning.ts";
import { compare, gather, mildest, quieterThan, type Replayed, sentenceOf } from "./preview.ts";
import type { Episode } from "./rescore.ts";

const quieter: Tuning = { allowance: 0.1, mutes: [] };
const quietest: Tuning = { allowance: 0.0001, mutes: [] };

function episode(atUs: number, deviceId = "d1"): Episode {
  return { deviceId, sensorType: "temperature", firstUs: atUs, lastUs: atUs + 10, anomalies: 1 };
}

function alarm(id: number, verdict: AlarmVerdict | null = null): JudgedAlarm {
  const span = { raisedUs: 100 * id, lastUs: 100 * id + 10 };
  return { id, deviceId: "d1", sensorType: "temperature", ...span, sentence: "", verdict };
}

const replayed = (tuning: Tuning, ids: readonly number[]): Replayed => ({
  tuning,
  episodes: ids.map((id) => episode(100 * id)),
});

const alarms = [
  ...Array.from({ length: 6 }, (_, place) => alarm(place + 1, "false-alarm")),
  alarm(7),
  alarm(8, "confirmed"),
  alarm(9, "confirmed"),
];
const today = replayed(usualTuning, [1, 2, 3, 4, 5, 6, 7, 8, 9]);

test("a preview tells what would have been removed, and what was confirmed and hidden", () => {
  const comparison = compare(alarms, today, replayed(quieter, [9]));
  expect(comparison.counts).toEqual({ kept: 1, hidden: 1, removed: 7, unclear: 0 });
  expect(comparison.falseAlarms).toEqual({ all: 6, removed: 6 });
  expect(sentenceOf(comparison, 7)).toBe(
    "Would have removed 7 of 9 alarms in 7 days and hidden 1 you confirmed.",
  );
  expect(comparison.alarms.at(-2)).toMatchObject({ id: 8, verdict: "confirmed", fate: "hidden" });
});

test("what the replay does not find today either is not claimed, and what comes besides is told", () => {
  const comparison = compare(alarms.slice(0, 2), replayed(usualTuning, [1]), replayed(quieter, [50]));
  expect(comparison.counts).toEqual({ kept: 0, hidden: 0, removed: 1, unclear: 1 });
  expect(comparison.added).toBe(1);
  expect(sentenceOf(comparison, 1)).toBe(
    "Would have removed 1 of 2 alarms in one day and added 1. 1 cannot be told: the replay does not find it today either.",
  );
  expect(sentenceOf(compare([], today, today), 7)).toBe(
    "There was no alarm in 7 days, and there would have been none.",
  );
});

test("alarms and episodes of other devices have nothing to do with one another", () => {
  const elsewhere = { tuning: quieter, episodes: [episode(100, "d2")] };
  expect(compare([alarm(1)], today, elsewhere).counts).toMatchObject({ removed: 1, kept: 0 });
});

test("the mildest tuning is chosen that removes the false alarms and hides nothing confirmed", () => {
  const some = compare(alarms, today, replayed(quieter, [4, 5, 6, 7, 8, 9]));
  const most = compare(alarms, today, replayed({ allowance: 0.01, mutes: [] }, [6, 8, 9]));
  const tooMuch = compare(alarms, today, replayed(quietest, []));
  expect(mildest([some, most, { ...most, to: quietest }, tooMuch])).toBe(most);
  expect(mildest([compare(alarms, today, today)])).toBeUndefined();
  expect(mildest([])).toBeUndefined();
});

test("quieter tunings come the mildest first, each once", () => {
  expect(quieterThan({ allowance: 0.001, mutes: [] })).toEqual([
    { allowance: 0.001, mutes: ["stuck"] },
    { allowance: 0.0001, mutes: [] },
    { allowance: 0.0001, mutes: ["stuck"] },
  ]);
  expect(quieterThan({ allowance: 0.0001, mutes: ["stuck"] })).toEqual([]);
  expect(quieterThan(usualTuning)).toHaveLength(9);
});

test("the episodes of several series are put together by tuning", () => {
  const result = (ids: readonly number[]) => ({
    readings: 1,
    anomalies: [],
    episodes: replayed(quieter, ids).episodes,
  });
  const both = gather(
    [usualTuning, quieter],
    [
      [result([1]), result([])],
      [result([2]), result([2])],
    ],
  );
  expect(both.map(({ tuning, episodes }) => [tuning.allowance, episodes.length])).toEqual([
    [1, 2],
    [0.1, 1],
  ]);
});
