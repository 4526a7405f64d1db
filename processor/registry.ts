import { PlatformError } from "../platform/errors.ts";
import type { ModelStore, StoredModel } from "../platform/ports.ts";
import { growFactoryModels } from "./factory.ts";
import { type Model, parseModel, serialiseModel } from "./model.ts";
import { seedOf } from "./random.ts";
import { type Trainer, toTrainingSeries, trainInWorker } from "./training.ts";

export interface RegistryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RegistryDeps {
  readonly store: ModelStore;
  readonly log: RegistryLog;
  /** A type without a model gets one when it has this many stored readings. */
  readonly minReadings: number;
  /** In a worker thread unless told otherwise. */
  readonly train?: Trainer;
}

/** The models that judge, one a sensor type. A model is only ever replaced whole. */
export interface ModelRegistry {
  modelFor(sensorType: string): Model | undefined;
  /** Takes over newer models from the store. @throws PlatformError STORE_DOWN, retryable. */
  refresh(): Promise<void>;
  /** Trains the types that have history but no model, one after another, and names those that have one now. */
  trainMissing(): Promise<readonly string[]>;
  /** Ends a training that is under way and waits for it. */
  close(): Promise<void>;
}

const restMs = 300_000;
const historyLimits = { devices: 50, readings: 2000 };

/** Opens a registry that knows the factory models; call `refresh` to learn what the store has. */
export function openModelRegistry({
  store,
  log,
  minReadings,
  train = trainInWorker,
}: RegistryDeps): ModelRegistry {
  const models = new Map(growFactoryModels());
  /** The newest stored version seen of each type, readable or not. */
  const seenVersions = new Map<string, number>();
  const closing = new AbortController();
  /** Types whose history did not make a model, by when they are looked at again, in `performance.now` milliseconds. */
  const resting = new Map<string, number>();
  let training: Promise<readonly string[]> | undefined;

  async function refresh(): Promise<void> {
    for (const stored of await store.newest()) {
      if (stored.version <= (seenVersions.get(stored.sensorType) ?? 0)) continue;
      seenVersions.set(stored.sensorType, stored.version);
      takeOver(stored);
    }
  }

  function takeOver(stored: StoredModel): void {
    const version = versionText(stored.sensorType, stored.version);
    try {
      models.set(stored.sensorType, parseModel(stored.compiled, version));
      log.info({ model: version, rows: stored.trainingRows }, "model loaded");
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "MODEL_UNREADABLE") throw error;
      log.warn({ model: version, reason: error.message }, "model unreadable");
    }
  }

  async function trainMissing(): Promise<readonly string[]> {
    // Another processor may have trained in the meantime.
    await refresh();
    const trained: string[] = [];
    const nowMs = performance.now();
    for (const [sensorType, untilMs] of resting) if (untilMs < nowMs) resting.delete(sensorType);
    const except = [...models.keys(), ...resting.keys()];
    for (const sensorType of await store.typesWithHistory(minReadings, except)) {
      if (closing.signal.aborted) break;
      if (await trainType(sensorType)) trained.push(sensorType);
      else resting.set(sensorType, nowMs + restMs);
    }
    return trained;
  }

  async function trainType(sensorType: string): Promise<boolean> {
    const number = (seenVersions.get(sensorType) ?? 0) + 1;
    const version = versionText(sensorType, number);
    const seed = seedOf(version);
    const series = toTrainingSeries(await store.history(sensorType, historyLimits));
    const startedMs = performance.now();
    const model = await train({ sensorType, version, seed, series }, closing.signal);
    if (model === undefined) return false;
    const { trainingRows } = model;
    const compiled = serialiseModel(model);
    const isOurs = await store.save({ sensorType, version: number, compiled, seed, trainingRows });
    if (!isOurs) {
      await refresh();
      return models.has(sensorType);
    }
    models.set(sensorType, model);
    seenVersions.set(sensorType, number);
    const tookMs = Math.round(performance.now() - startedMs);
    log.info({ model: version, rows: trainingRows, devices: series.length, tookMs }, "model trained");
    return true;
  }

  return {
    modelFor: (sensorType) => models.get(sensorType),
    refresh,
    trainMissing: () => {
      training ??= trainMissing().finally(() => {
        training = undefined;
      });
      return training;
    },
    close: async () => {
      closing.abort();
      // Whoever asked for the training hears how it ended; here it only has to be over.
      await Promise.allSettled([training]);
    },
  };
}

function versionText(sensorType: string, version: number): string {
  return `${sensorType}@${version}`;
}
