import { expect, test } from "vitest";
import { PlatformError } from "../platform/errors.ts";
import type {
  GrownModel,
  ModelRecipe,
  ModelStanding,
  ModelStore,
  StoredModel,
  TrainingEnd,
  TrainingOrder,
  TrainingStore,
} from "../platform/models/model-ports.ts";
import type { SeriesRange } from "../schema/model.ts";
import type { Reading } from "../schema/reading.ts";
import { growFactoryModels } from "./factory.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { ModelRegistry } from "./registry.ts";
import { ModelTrainer } from "./trainer.ts";
import { answerJob, type Training, toTrained } from "./training.ts";

const factory = growFactoryModels();

const trainHere: Training = async (job) => toTrained(answerJob(job), job);

/** Both stores in memory, with the promises of the real ones. */
class Shelf implements ModelStore, TrainingStore {
  readonly saved: GrownModel[] = [];
  readonly restored: StoredModel[] = [];
  readonly readings: Reading[] = [];
  readonly setbacks: string[] = [];
  readonly waiting: TrainingOrder[] = [];
  readonly #standings = new Map<string, ModelStanding>();
  due: readonly string[] = [];

  async standings(): Promise<readonly ModelStanding[]> {
    return [...this.#standings.values()];
  }
  async overrides(): Promise<ReadonlyMap<string, number>> {
    return new Map();
  }
  async load(sensorType: string, versions: readonly number[]): Promise<readonly StoredModel[]> {
    return this.saved.filter((one) => one.sensorType === sensorType && versions.includes(one.version));
  }
  async addShadow(): Promise<void> {}
  async alone(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    await work(new AbortController().signal);
    return true;
  }
  async orders(): Promise<readonly TrainingOrder[]> {
    return [...this.waiting];
  }
  async typesWithHistory(minReadings: number, except: readonly string[]): Promise<readonly string[]> {
    const types = new Set(this.readings.map((reading) => reading.sensorType));
    const count = (type: string) => this.readings.filter((reading) => reading.sensorType === type).length;
    return [...types].filter((type) => !except.includes(type) && count(type) >= minReadings);
  }
  async typesDue(sensorTypes: readonly string[]): Promise<readonly string[]> {
    return this.due.filter((type) => sensorTypes.includes(type));
  }
  async history(sensorType: string): Promise<readonly Reading[]> {
    return this.readings.filter((reading) => reading.sensorType === sensorType);
  }
  async historyWithin(sensorType: string, ranges: readonly SeriesRange[]): Promise<readonly Reading[]> {
    const all = await this.history(sensorType);
    return ranges.flatMap(({ deviceId, fromUs, untilUs }) =>
      all.filter(
        (one) => one.deviceId === deviceId && one.timestampUs >= fromUs && one.timestampUs <= untilUs,
      ),
    );
  }
  async versionsOf(sensorType: string): Promise<{ active: number | null; newest: number }> {
    const newest = this.saved.filter((one) => one.sensorType === sensorType).length;
    return { active: this.#standings.get(sensorType)?.active ?? null, newest };
  }
  async recipe(sensorType: string, version: number): Promise<ModelRecipe | null> {
    return this.saved.find((one) => one.sensorType === sensorType && one.version === version) ?? null;
  }
  async save(model: GrownModel, as: "candidate" | "active"): Promise<boolean> {
    const { sensorType, version } = model;
    if ((await this.recipe(sensorType, version)) !== null) return false;
    this.saved.push(model);
    const before = this.#standings.get(sensorType) ?? {
      sensorType,
      revision: 0,
      active: null,
      candidate: null,
    };
    this.#standings.set(sensorType, { ...before, revision: before.revision + 1, [as]: version });
    this.#end(sensorType);
    return true;
  }
  async restore(model: StoredModel): Promise<void> {
    this.restored.push(model);
    this.#end(model.sensorType);
  }
  async setBack({ sensorType }: TrainingEnd, reason: string): Promise<void> {
    this.setbacks.push(reason);
    this.#end(sensorType);
  }
  #end(sensorType: string): void {
    const place = this.waiting.findIndex((order) => order.sensorType === sensorType);
    if (place >= 0) this.waiting.splice(place, 1);
  }

  fill(sensorType: string, count: number, deviceId = "d"): void {
    const random = seededRandom(6);
    for (let i = 0; i < count; i++) {
      const value = 400 + 5 * normalNumber(random);
      this.readings.push({ deviceId, sensorType, timestampUs: (i + 1) * 1000, value });
    }
  }
}

function open(store: Shelf, train: Training = trainHere) {
  const log = { info: () => undefined, warn: () => undefined };
  const registry = new ModelRegistry({ store, log, factory });
  const rest = { grower: "this", minReadings: 500, retrainHours: 24, quietUs: 1e6, train };
  return { registry, trainer: new ModelTrainer({ store, registry, log, ...rest }) };
}

const order = (version: number | null = null): TrainingOrder => ({
  sensorType: "co2",
  by: "operator:ada",
  version,
});

test("a type with enough history and no model is trained once, and what it gets judges at once, everywhere", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  store.fill("temperature", 600);
  store.fill("noise", 100);
  const { registry, trainer } = open(store);
  await Promise.all([trainer.trainMissing(), trainer.trainMissing()]);
  expect(store.saved).toMatchObject([{ sensorType: "co2", version: 1, createdBy: "platform", parent: null }]);
  expect(registry.modelFor("co2")?.version).toBe("co2@1");
  const { registry: other } = open(store);
  await other.refresh();
  expect(other.modelFor("co2")).toEqual(registry.modelFor("co2"));
});

test("what is ordered becomes a candidate that was compared with the active one, and judges nothing", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  const { registry, trainer } = open(store);
  await trainer.trainMissing();
  store.fill("co2", 900, "e");
  store.waiting.push(order());
  await trainer.carryOut();
  expect(store.waiting).toEqual([]);
  expect(store.saved[1]).toMatchObject({
    ...{ version: 2, parent: 1, createdBy: "operator:ada" },
    series: [
      { deviceId: "d", fromUs: 1000, untilUs: 600_000, readings: 600 },
      { deviceId: "e", fromUs: 1000, untilUs: 900_000, readings: 900 },
    ],
    replay: { readings: 600 + 900 - 2 * 60 },
  });
  expect(registry.modelFor("co2")?.version).toBe("co2@1");
  expect(registry.judgesOf({ deviceId: "d", sensorType: "co2" }).shadow?.version).toBe(2);
});

test("types that are due get a candidate, unless nothing judges them yet or there is no schedule", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  store.fill("temperature", 600);
  store.due = ["co2", "temperature"];
  const { registry, trainer } = open(store);
  await trainer.trainDue();
  expect(store.saved).toMatchObject([{ sensorType: "temperature", version: 1 }]);
  expect(registry.modelFor("temperature")?.version).toBe("temperature@factory-2");
  const log = { info: () => undefined, warn: () => undefined };
  const rest = { grower: "this", minReadings: 500, retrainHours: 0, quietUs: 1e6, train: trainHere };
  await new ModelTrainer({ store, registry, log, ...rest }).trainDue();
  expect(store.saved).toHaveLength(1);
});

test("a version grows again to the same bytes, whatever was stored since", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  const { trainer } = open(store);
  await trainer.trainMissing();
  store.fill("co2", 700, "a newer device");
  store.readings.push({ deviceId: "d", sensorType: "co2", timestampUs: 700_000, value: 9000 });
  store.waiting.push(order(1));
  await trainer.carryOut();
  expect(store.setbacks).toEqual([]);
  expect(store.restored.map(({ compiled }) => compiled)).toEqual(store.saved.map(({ compiled }) => compiled));
});

test("a version whose readings are gone, or others, is not grown again, and says why", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  const { trainer } = open(store);
  await trainer.trainMissing();
  const [first] = store.readings.splice(0, 1);
  store.waiting.push(order(1));
  await trainer.carryOut();
  if (first !== undefined) store.readings.unshift({ ...first, value: first.value + 1 });
  store.waiting.push(order(1));
  await trainer.carryOut();
  expect(store.restored).toEqual([]);
  expect(store.setbacks).toEqual([
    "co2@1 was grown from 600 readings, of which 599 are stored",
    "co2@1 came out otherwise: the readings it was grown from are not what they were",
  ]);
  const [saved] = store.saved.splice(0, 1);
  if (saved !== undefined) store.saved.push({ ...saved, grower: "another" });
  store.waiting.push(order(1));
  await trainer.carryOut();
  expect(store.setbacks.at(-1)).toContain("another release");
});

test("an order that cannot be carried out is ended with the reason, one that a passing failure stopped is kept", async () => {
  const store = new Shelf();
  store.fill("co2", 200);
  store.waiting.push(order());
  await open(store).trainer.carryOut();
  expect(store.setbacks[0]).toContain("too little to learn from: 200 readings of 1 devices");
  store.waiting.push(order());
  await open(store, () => Promise.reject(new Error("the worker broke"))).trainer.carryOut();
  expect(store.setbacks[1]).toBe("the worker broke");
  store.waiting.push(order());
  const down = new PlatformError("STORE_DOWN", "away", { retryable: true });
  await expect(open(store, () => Promise.reject(down)).trainer.carryOut()).rejects.toBe(down);
  expect(store.waiting).toHaveLength(1);
});

test("when another processor was first, its model is taken", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  const { trainer: rival, registry: rivals } = open(store);
  const { trainer, registry } = open(store, async (job, signal) => {
    await rival.trainMissing();
    return trainHere({ ...job, seed: job.seed + 1 }, signal);
  });
  await trainer.trainMissing();
  expect(store.saved).toHaveLength(1);
  expect(registry.modelFor("co2")).toEqual(rivals.modelFor("co2"));
});

test("closing ends a training under way, and its order stays", async () => {
  const store = new Shelf();
  store.fill("co2", 600);
  store.waiting.push(order());
  let started = () => {};
  const underWay = new Promise<void>((resolve) => {
    started = resolve;
  });
  const { trainer } = open(store, (_job, signal) => {
    started();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const training = expect(trainer.carryOut()).rejects.toThrow();
  await underWay;
  await trainer.close();
  await training;
  expect(store.saved).toEqual([]);
  expect(store.waiting).toHaveLength(1);
});
