import { expect, test } from "vitest";
import type { ModelStanding, ModelStore, StoredModel } from "../platform/models/model-ports.ts";
import type { ShadowCounts } from "../schema/model.ts";
import { growFactoryModels } from "./factory.ts";
import { serialiseModel } from "./model.ts";
import { ModelRegistry } from "./registry.ts";

/** A store in memory with the promises of the real one. */
class Shelf implements ModelStore {
  readonly loaded: number[][] = [];
  readonly shadows: [version: number, counts: ShadowCounts][] = [];
  readonly #models: StoredModel[] = [];
  readonly #overrides = new Map<string, number>();
  #standing: ModelStanding = { sensorType: "co2", revision: 0, active: null, candidate: null };
  isDown = false;

  put(version: number, compiled: Uint8Array = bytes): this {
    this.#models.push({ sensorType: "co2", version, compiled });
    return this;
  }

  stand(changed: Partial<ModelStanding>, overrides: Readonly<Record<string, number>> = {}): this {
    this.#standing = { ...this.#standing, revision: this.#standing.revision + 1, ...changed };
    this.#overrides.clear();
    for (const [deviceId, version] of Object.entries(overrides)) this.#overrides.set(deviceId, version);
    return this;
  }

  async standings(): Promise<readonly ModelStanding[]> {
    return this.#standing.revision === 0 ? [] : [this.#standing];
  }

  async overrides(): Promise<ReadonlyMap<string, number>> {
    return this.#overrides;
  }

  async load(_sensorType: string, versions: readonly number[]): Promise<readonly StoredModel[]> {
    this.loaded.push([...versions]);
    return this.#models.filter(({ version }) => versions.includes(version));
  }

  async addShadow(_sensorType: string, version: number, counts: ShadowCounts): Promise<void> {
    if (this.isDown) throw new Error("the store is down");
    this.shadows.push([version, counts]);
  }
}

const factory = growFactoryModels();
const [grown] = factory.values();
const bytes = grown === undefined ? new Uint8Array() : serialiseModel(grown);

function open(store: ModelStore) {
  const warnings: object[] = [];
  const log = { info: () => undefined, warn: (fields: object) => void warnings.push(fields) };
  return { registry: new ModelRegistry({ store, log, factory }), warnings };
}

const judging = (registry: ModelRegistry, deviceId = "a", sensorType = "co2") =>
  registry.judgesOf({ deviceId, sensorType }).model?.version;

test("known types have a factory model at once, unknown ones none", () => {
  const { registry } = open(new Shelf());
  expect(judging(registry, "a", "temperature")).toBe("temperature@factory-2");
  expect(judging(registry)).toBeUndefined();
  expect(registry.types()).toEqual(["temperature", "humidity", "pressure", "vibration", "battery_voltage"]);
});

test("the active version judges, and after a roll-back the one before, as soon as the registry looks", async () => {
  const store = new Shelf().put(1).put(2).stand({ active: 1 });
  const { registry } = open(store);
  const seen: (string | undefined)[] = [];
  for (const active of [1, 2, 1, null]) {
    store.stand({ active });
    await registry.refresh();
    seen.push(judging(registry));
  }
  expect(seen).toEqual(["co2@1", "co2@2", "co2@1", undefined]);
});

test("bytes are asked for once, and only those that judge or stand beside", async () => {
  const store = new Shelf().put(1).put(2).put(3).stand({ active: 2, candidate: 3 });
  const { registry } = open(store);
  await registry.refresh();
  await registry.refresh();
  await registry.refresh();
  expect(store.loaded).toEqual([[2, 3]]);
  store.stand({ active: 3, candidate: null });
  await registry.refresh();
  expect(store.loaded).toEqual([[2, 3]]);
});

test("a device with a version of its own is judged by that, the others are not", async () => {
  const store = new Shelf().put(1).put(2).stand({ active: 2 }, { a: 1, b: 7 });
  const { registry } = open(store);
  await registry.refresh();
  expect([judging(registry, "a"), judging(registry, "c")]).toEqual(["co2@1", "co2@2"]);
  // A version that cannot be had does not leave its device unjudged.
  expect(judging(registry, "b")).toBe("co2@2");
  await registry.refresh();
  store.stand({}, {});
  await registry.refresh();
  expect(judging(registry, "a")).toBe("co2@2");
});

test("a model that cannot be read is reported once, and the type is without one", async () => {
  const store = new Shelf().put(1, new Uint8Array(50)).stand({ active: 1 });
  const { registry, warnings } = open(store);
  await registry.refresh();
  await registry.refresh();
  expect(warnings).toMatchObject([{ model: "co2@1" }]);
  expect(registry.types()).not.toContain("co2");
});

test("a candidate keeps its counts until they are written down, and begins anew when another takes its place", async () => {
  const store = new Shelf().put(1).put(2).put(3).stand({ active: 1, candidate: 2 });
  const { registry } = open(store);
  await registry.refresh();
  const tally = () => registry.judgesOf({ deviceId: "a", sensorType: "co2" }).shadow?.tally;
  tally()?.count(true, true);
  tally()?.count(true, false);
  store.isDown = true;
  await expect(registry.flush()).rejects.toThrow("down");
  store.stand({ active: 3 });
  await registry.refresh();
  tally()?.count(false, true);
  store.isDown = false;
  await registry.flush();
  await registry.flush();
  expect(store.shadows).toEqual([[2, { readings: 3, active: 2, candidate: 2, both: 1 }]]);
  tally()?.count(true, true);
  store.stand({ active: 2, candidate: 3 });
  await registry.refresh();
  tally()?.count(false, false);
  await registry.flush();
  expect(store.shadows.at(-1)).toEqual([3, { readings: 1, active: 0, candidate: 0, both: 0 }]);
});
