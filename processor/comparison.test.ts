import { expect, test } from "vitest";
import { compareModels } from "./comparison.ts";
import { growFactoryModels } from "./factory.ts";
import { toTrainingSeries } from "./history.ts";
import type { Model } from "./model.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";

const sensorType = "temperature";
const secondUs = 1_000_000;
const quietUs = 300 * secondUs;

const factory = growFactoryModels().get(sensorType);
if (factory === undefined) throw new Error("the factory knows temperature");
const lenient: Model = { ...factory, version: "temperature@1", limit: 100 };
const strict: Model = { ...factory, version: "temperature@2", limit: 0.4 };

const spikes = [120, 150, 190];

/** Two devices of 200 quiet readings, of which the first has three spikes. */
function histories(spike = 2.2) {
  const random = seededRandom(4);
  const readings = ["a", "b"].flatMap((deviceId) =>
    Array.from({ length: 200 }, (_, i) => {
      const isSpike = deviceId === "a" && spikes.includes(i);
      const value = 21 + 0.2 * normalNumber(random) + (isSpike ? spike : 0);
      return { deviceId, sensorType, timestampUs: (i + 1) * 60 * secondUs, value };
    }),
  );
  return { readings, series: toTrainingSeries(readings) };
}

test("a model compared with itself flags the same, and there is nothing to show", () => {
  const compared = compareModels(histories(30).series, {
    ...{ sensorType, active: factory, candidate: factory, quietUs },
  });
  expect(compared).toMatchObject({ readings: 2 * (200 - 60), onlyActive: [], onlyCandidate: [] });
  expect(compared.active.readings).toBeGreaterThan(0);
  expect(compared.candidate).toEqual(compared.active);
  expect(compared.both).toBe(compared.active.readings);
  expect([compared.fromUs, compared.untilUs]).toEqual([61 * 60 * secondUs, 200 * 60 * secondUs]);
});

test("what is flagged is what the pipeline would have flagged with that model", () => {
  const { readings, series } = histories();
  const flaggedBy = (model: Model) =>
    ["a", "b"].flatMap((deviceId) => {
      const state = newSeries(sensorType);
      const own = readings.filter((reading) => reading.deviceId === deviceId);
      return own.filter((reading, i) => scoreReading(reading, state, model).isAnomaly && i >= 60);
    });
  const [byLenient, byStrict] = [flaggedBy(lenient), flaggedBy(strict)];
  const compared = compareModels(series, {
    ...{ sensorType, active: lenient, candidate: strict, quietUs },
  });
  expect(byStrict.length).toBeGreaterThan(byLenient.length);
  expect([compared.active.readings, compared.candidate.readings]).toEqual([
    byLenient.length,
    byStrict.length,
  ]);
  const only = byStrict.filter((reading) => !byLenient.includes(reading));
  const newest = only.toSorted((a, b) => b.timestampUs - a.timestampUs).slice(0, 10);
  expect(compared.onlyCandidate.map(({ timestampUs }) => timestampUs)).toEqual(
    newest.map(({ timestampUs }) => timestampUs),
  );
  expect(compared.onlyCandidate[0]?.sentence).toContain("Temperature");
});

test("flagged readings that are close are one episode", () => {
  // Colder than cold: each of them is told, whatever the model says.
  const compare = (quietUs: number) =>
    compareModels(histories(-400).series, { sensorType, active: factory, candidate: lenient, quietUs })
      .active;
  expect(compare(secondUs)).toEqual({ readings: spikes.length, episodes: spikes.length });
  expect(compare(35 * 60 * secondUs)).toEqual({ readings: spikes.length, episodes: 2 });
});

test("without an active model only the candidate's word is new, and without a history there is nothing", () => {
  const models = { sensorType, active: undefined, candidate: strict, quietUs };
  expect(compareModels([], models)).toEqual({
    ...{ fromUs: 0, untilUs: 0, readings: 0, both: 0, onlyActive: [], onlyCandidate: [] },
    ...{ active: { readings: 0, episodes: 0 }, candidate: { readings: 0, episodes: 0 } },
  });
});
