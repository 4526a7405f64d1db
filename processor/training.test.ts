import { expect, test } from "vitest";
import { growFactoryModels } from "./factory.ts";
import { toTrainingSeries } from "./history.ts";
import { type Model, parseModel, serialiseModel } from "./model.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";
import { answerJob, type TrainingJob, trainModel } from "./training.ts";

function history(count: number, spikeEvery = Number.POSITIVE_INFINITY) {
  const random = seededRandom(3);
  const readings = Array.from({ length: count }, (_, i) => ({
    deviceId: `d${i % 3}`,
    sensorType: "co2",
    timestampUs: (i + 1) * 1_000_000,
    value: 420 + 5 * normalNumber(random) + (i % spikeEvery === 1 ? 400 * (1 + random()) : 0),
  }));
  return toTrainingSeries(readings);
}

function job(series: TrainingJob["series"]): TrainingJob {
  return { sensorType: "co2", version: "co2@1", seed: 5, series };
}

function trained(series: TrainingJob["series"]): Model {
  const model = trainModel(job(series));
  if (model === undefined) throw new Error("the history was too short");
  return model;
}

test("the same history and seed give the same model, byte for byte", () => {
  const series = history(3000);
  const first = serialiseModel(trained(series));
  expect(serialiseModel(trained(series))).toEqual(first);
  expect(answerJob(job(series))?.bytes).toEqual(first);
});

test("a model read back from its bytes is the same model, and cut bytes are refused", () => {
  const model = trained(history(3000));
  const bytes = serialiseModel(model);
  expect(parseModel(bytes, "co2@1")).toEqual(model);
  const unreadable = expect.objectContaining({ code: "MODEL_UNREADABLE", retryable: false });
  expect(() => parseModel(bytes.subarray(0, 100), "co2@1")).toThrow(unreadable);
  expect(() => parseModel(new Uint8Array(3), "co2@1")).toThrow(unreadable);
});

test("a history that is too short trains nothing", () => {
  expect(trainModel(job(history(300)))).toBeUndefined();
  expect(trainModel(job([]))).toBeUndefined();
});

test("anomalies in the history hardly move the limit", () => {
  const clean = trained(history(6000)).limit;
  const spiked = trained(history(6000, 50)).limit;
  expect(Math.abs(spiked - clean)).toBeLessThan(0.15 * clean);
});

test("a model of its own lets an unknown type tell a spike from an ordinary reading", () => {
  const model = trained(history(3000));
  const state = newSeries("co2");
  const random = seededRandom(8);
  const flags = Array.from({ length: 3000 }, (_, i) => {
    const value = i === 2000 ? 600 : 420 + 5 * normalNumber(random);
    return scoreReading({ deviceId: "d", sensorType: "co2", timestampUs: i, value }, state, model).isAnomaly;
  });
  expect(flags[2000]).toBe(true);
  expect(flags.filter(Boolean).length).toBeLessThanOrEqual(7);
});

test("readings are split into one history a device, in their order", () => {
  const at = (deviceId: string, timestampUs: number, value: number) => {
    return { deviceId, sensorType: "co2", timestampUs, value };
  };
  expect(toTrainingSeries([at("a", 1, 10), at("b", 1, 20), at("a", 2, 11)])).toEqual([
    { deviceId: "a", timestampsUs: Float64Array.of(1, 2), values: Float64Array.of(10, 11) },
    { deviceId: "b", timestampsUs: Float64Array.of(1), values: Float64Array.of(20) },
  ]);
});

test("the factory grows the same model for every known type at every start", { timeout: 30_000 }, () => {
  const models = growFactoryModels();
  const again = growFactoryModels();
  expect([...models.keys()]).toEqual(["temperature", "humidity", "pressure", "vibration", "battery_voltage"]);
  expect(models.get("humidity")?.version).toBe("humidity@factory-2");
  for (const [name, model] of models) expect(again.get(name)).toEqual(model);
});
