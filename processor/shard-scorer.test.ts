import { expect, test } from "vitest";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { Reading } from "../schema/reading.ts";
import { usualTuning } from "../schema/tuning.ts";
import { utcCalendar } from "./calendar.ts";
import { openScorer, type ScorerDeps } from "./shard-scorer.ts";
import { toManner } from "./tuning-book.ts";

test("a series that is forgotten while the batch before is waited for is rebuilt before it is scored", async () => {
  const asked: string[] = [];
  // Of models, rules and metrics the scorer asks for nothing else here.
  const deps = {
    store: {
      detectorHistories: async (keys: readonly SeriesKey[]) => {
        asked.push(...keys.map(({ deviceId }) => deviceId));
        return [];
      },
    },
    models: { judgesOf: () => ({ model: undefined, shadow: undefined }) },
    tunings: { mannerFor: () => toManner(usualTuning, utcCalendar) },
    rules: {},
    book: { index: new Map() },
    metrics: { seriesForgotten: { inc: () => undefined } },
    mostSeries: () => 10,
  } as unknown as ScorerDeps;
  const scorer = openScorer(deps);
  let timestampUs = 1.7e15;
  const readingsOf = (...deviceIds: string[]): Reading[] =>
    deviceIds.map((deviceId) => {
      timestampUs += 1_000_000;
      return { deviceId, sensorType: "temperature", timestampUs, value: 20 };
    });
  const score = (readings: readonly Reading[], stored: () => Promise<void>) =>
    scorer.score([{ receivedUs: timestampUs, readings }], stored);

  await score(readingsOf("a"), async () => undefined);
  await score(readingsOf("a", "b"), async () => {
    scorer.forget([{ deviceId: "a", sensorType: "temperature" }]);
  });
  expect(asked).toEqual(["a", "a", "b"]);
});
