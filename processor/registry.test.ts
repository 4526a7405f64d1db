import { expect, test } from "vitest";
import type { ModelStore, StoredModel } from "../platform/ports.ts";
import type { Reading } from "../schema/reading.ts";
import { serialiseModel } from "./model.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { openModelRegistry } from "./registry.ts";
import { type Trainer, trainModel } from "./training.ts";

const trainHere: Trainer = async (job) => trainModel(job);

/** A store in memory with the promises of the real one. */
class ShelfOfModels implements ModelStore {
  readonly saved: StoredModel[] = [];
  readonly readings: Reading[] = [];

  async newest(): Promise<readonly StoredModel[]> {
    const newest = new Map<string, StoredModel>();
    for (const model of this.saved) {
      if (model.version > (newest.get(model.sensorType)?.version ?? 0)) newest.set(model.sensorType, model);
    }
    return [...newest.values()];
  }

  async save(model: StoredModel): Promise<boolean> {
    const isTaken = this.saved.some(
      (one) => one.sensorType === model.sensorType && one.version === model.version,
    );
    if (!isTaken) this.saved.push(model);
    return !isTaken;
  }

  async typesWithHistory(minReadings: number, except: readonly string[]): Promise<readonly string[]> {
    const types = new Set(this.readings.map((reading) => reading.sensorType));
    const count = (type: string) => this.readings.filter((reading) => reading.sensorType === type).length;
    return [...types].filter((type) => !except.includes(type) && count(type) >= minReadings);
  }

  async history(sensorType: string): Promise<readonly Reading[]> {
    return this.readings.filter((reading) => reading.sensorType === sensorType);
  }

  fill(sensorType: string, count: number): void {
    const random = seededRandom(6);
    for (let i = 0; i < count; i++) {
      const value = 400 + 5 * normalNumber(random);
      this.readings.push({ deviceId: "d", sensorType, timestampUs: (i + 1) * 1000, value });
    }
  }
}

function open(store: ModelStore, train: Trainer = trainHere) {
  const lines: { level: string; message: string; fields: object }[] = [];
  const log = {
    info: (fields: object, message: string) => void lines.push({ level: "info", message, fields }),
    warn: (fields: object, message: string) => void lines.push({ level: "warn", message, fields }),
  };
  return { registry: openModelRegistry({ store, log, minReadings: 500, train }), lines };
}

test("known types have a factory model at once, unknown ones none", () => {
  const { registry } = open(new ShelfOfModels());
  expect(registry.modelFor("temperature")?.version).toBe("temperature@factory-2");
  expect(registry.modelFor("co2")).toBeUndefined();
});

test("a type with enough history is trained once, kept, and found by another processor", async () => {
  const store = new ShelfOfModels();
  store.fill("co2", 600);
  store.fill("temperature", 600);
  store.fill("noise", 100);
  const { registry } = open(store);
  expect(await registry.trainMissing()).toEqual(["co2"]);
  expect(await registry.trainMissing()).toEqual([]);
  expect(registry.modelFor("co2")?.version).toBe("co2@1");
  const { registry: other } = open(store);
  await other.refresh();
  expect(other.modelFor("co2")).toEqual(registry.modelFor("co2"));
});

test("a newer model in the store replaces the one in use, an older one does not", async () => {
  const store = new ShelfOfModels();
  const { registry } = open(store);
  const factory = registry.modelFor("temperature");
  if (factory === undefined) throw new Error("the factory knows temperature");
  const stored = { sensorType: "temperature", compiled: serialiseModel(factory), seed: 1, trainingRows: 9 };
  store.saved.push({ ...stored, version: 2 });
  await registry.refresh();
  expect(registry.modelFor("temperature")?.version).toBe("temperature@2");
  store.saved.splice(0, 1, { ...stored, version: 1 });
  await registry.refresh();
  expect(registry.modelFor("temperature")?.version).toBe("temperature@2");
});

test("a stored model that cannot be read is reported once and succeeded by a new one", async () => {
  const store = new ShelfOfModels();
  store.fill("co2", 600);
  store.saved.push({ sensorType: "co2", version: 1, compiled: new Uint8Array(50), seed: 1, trainingRows: 1 });
  const { registry, lines } = open(store);
  await registry.refresh();
  await registry.refresh();
  expect(lines.filter((line) => line.level === "warn")).toHaveLength(1);
  expect(registry.modelFor("co2")).toBeUndefined();
  expect(await registry.trainMissing()).toEqual(["co2"]);
  expect(registry.modelFor("co2")?.version).toBe("co2@2");
});

test("when another processor was first, its model is taken", async () => {
  const store = new ShelfOfModels();
  store.fill("co2", 600);
  const { registry: rival } = open(store);
  const { registry } = open(store, async (job) => {
    await rival.trainMissing();
    return trainModel({ ...job, seed: job.seed + 1 });
  });
  expect(await registry.trainMissing()).toEqual(["co2"]);
  expect(store.saved).toHaveLength(1);
  expect(registry.modelFor("co2")).toEqual(rival.modelFor("co2"));
});

test("two calls at a time train once", async () => {
  const store = new ShelfOfModels();
  store.fill("co2", 600);
  let trainings = 0;
  const { registry } = open(store, (job, signal) => {
    trainings += 1;
    return trainHere(job, signal);
  });
  await Promise.all([registry.trainMissing(), registry.trainMissing()]);
  expect(trainings).toBe(1);
});

test("closing ends a training under way", async () => {
  const store = new ShelfOfModels();
  store.fill("co2", 600);
  let started = () => {};
  const underWay = new Promise<void>((resolve) => {
    started = resolve;
  });
  const { registry } = open(store, (_job, signal) => {
    started();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const training = expect(registry.trainMissing()).rejects.toThrow();
  await underWay;
  await registry.close();
  await training;
  expect(store.saved).toEqual([]);
});
