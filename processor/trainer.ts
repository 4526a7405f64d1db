import { messageOf, PlatformError } from "../platform/errors.ts";
import type { TrainingEnd, TrainingOrder, TrainingStore } from "../platform/models/model-ports.ts";
import { platformActor } from "../schema/alarm.ts";
import { modelName } from "../schema/model.ts";
import { rangesOf, toTrainingSeries } from "./history.ts";
import { seedOf } from "./random.ts";
import type { ModelRegistry, RegistryLog } from "./registry.ts";
import { digestOf, growAgain } from "./regrowth.ts";
import { fewestRows, type Training, trainInWorker } from "./training.ts";

export interface TrainerDeps {
  readonly store: TrainingStore;
  readonly registry: ModelRegistry;
  readonly log: RegistryLog;
  /** Which code this is, as `growerOf` tells it. */
  readonly grower: string;
  /** A type is trained when it has this many stored readings. */
  readonly minReadings: number;
  /** A type gets a new candidate when its youngest version is as old; 0 for never. */
  readonly retrainHours: number;
  /** After so long without an anomaly the next one is another episode. */
  readonly quietUs: number;
  /** In a worker thread unless told otherwise. */
  readonly train?: Training;
}

/** How a type is to be trained. */
interface Assignment {
  readonly sensorType: string;
  readonly as: "candidate" | "active";
  readonly by: string;
}

const restMs = 300_000;
const historyLimits = { devices: 50, readings: 2000 };

/** Trains models, one at a time and in one process at a time. What it saves is taken over from the store, here as anywhere. */
export class ModelTrainer {
  readonly #deps: TrainerDeps;
  readonly #train: Training;
  readonly #closing = new AbortController();
  /** Types whose history did not make a model, by when they are looked at again, in `performance.now` milliseconds. */
  readonly #resting = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: TrainerDeps) {
    this.#deps = deps;
    this.#train = deps.train ?? trainInWorker;
  }

  /** Carries out what operators ordered. */
  async carryOut(): Promise<void> {
    const { store } = this.#deps;
    if ((await store.orders()).length === 0) return;
    await this.#alone(async (signal) => {
      // Another process may have done some in the meantime.
      for (const order of await store.orders()) {
        await this.#attempt(order, signal, () => this.#obey(order, signal));
      }
    });
  }

  /** Trains the types that have history but no model; what they get judges at once. */
  async trainMissing(): Promise<void> {
    const nowMs = performance.now();
    for (const [sensorType, untilMs] of this.#resting) if (untilMs < nowMs) this.#resting.delete(sensorType);
    if ((await this.#missing()).length === 0) return;
    await this.#alone(async (signal) => {
      await this.#deps.registry.refresh();
      for (const sensorType of await this.#missing()) {
        this.#resting.set(sensorType, nowMs + restMs);
        const assignment = { sensorType, as: "active", by: platformActor } as const;
        await this.#attempt(assignment, signal, () => this.#trainType(assignment, signal));
      }
    });
  }

  #missing(): Promise<readonly string[]> {
    const { store, registry, minReadings } = this.#deps;
    return store.typesWithHistory(minReadings, [...registry.types(), ...this.#resting.keys()]);
  }

  /** Trains a candidate for the types whose youngest version is old. */
  async trainDue(): Promise<void> {
    if (this.#deps.retrainHours === 0 || (await this.#due()).length === 0) return;
    await this.#alone(async (signal) => {
      for (const sensorType of await this.#due()) {
        const assignment = { sensorType, as: "candidate", by: platformActor } as const;
        await this.#attempt(assignment, signal, () => this.#trainType(assignment, signal));
      }
    });
  }

  async #due(): Promise<readonly string[]> {
    const { store, registry, minReadings, retrainHours } = this.#deps;
    const types = await store.typesWithHistory(minReadings, []);
    const judged = types.filter((sensorType) => registry.modelFor(sensorType) !== undefined);
    return store.typesDue(judged, retrainHours);
  }

  /** Ends a training that is under way and waits for it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turn;
  }

  /** After whatever this process trains now, and while no other process trains. */
  #alone(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const done = this.#turn.then(async () => {
      if (this.#closing.signal.aborted) return;
      await this.#deps.store.alone((lost) => work(AbortSignal.any([lost, this.#closing.signal])));
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** What fails for good is noted with the type, so that nobody tries it again and again. */
  async #attempt(training: TrainingEnd, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isPassing = error instanceof PlatformError && error.retryable;
      if (isPassing || signal.aborted) throw error;
      await this.#setBack(training, messageOf(error));
    }
  }

  async #setBack(training: TrainingEnd, reason: string): Promise<void> {
    this.#deps.log.warn({ ...training, reason }, "no model trained");
    await this.#deps.store.setBack(training, reason);
  }

  #obey({ sensorType, by, version }: TrainingOrder, signal: AbortSignal): Promise<void> {
    if (version !== null) return this.#growTypeAgain({ sensorType, by, version }, signal);
    return this.#trainType({ sensorType, as: "candidate", by }, signal);
  }

  async #trainType({ sensorType, as, by }: Assignment, signal: AbortSignal): Promise<void> {
    const { store, registry, log, quietUs, grower } = this.#deps;
    const { active: parent, newest } = await store.versionsOf(sensorType);
    const version = newest + 1;
    const name = modelName(sensorType, version);
    const seed = seedOf(name);
    const series = toTrainingSeries(await store.history(sensorType, historyLimits));
    const startedMs = performance.now();
    const beside = { active: registry.modelFor(sensorType), quietUs };
    const job = { sensorType, version: name, seed, series, ...(as === "candidate" ? { beside } : {}) };
    const grown = await this.#train(job, signal);
    if (grown === undefined) return this.#setBack({ sensorType, by }, tooLittle(series));
    const { bytes: compiled, model, comparison: replay } = grown;
    const tookMs = Math.round(performance.now() - startedMs);
    const rows = model.trainingRows;
    const saved = await store.save(
      {
        ...{ sensorType, version, compiled, seed, rows, replay, parent, createdBy: by, grower },
        ...{ digest: digestOf(compiled), series: rangesOf(series), metrics: { limit: model.limit, tookMs } },
      },
      as,
    );
    await registry.refresh();
    if (saved) log.info({ model: name, as, rows, devices: series.length, tookMs, by }, "model trained");
  }

  async #growTypeAgain(
    { sensorType, by, version }: TrainingEnd & { readonly version: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { store, log, grower } = this.#deps;
    const recipe = await store.recipe(sensorType, version);
    if (recipe === null)
      return this.#setBack({ sensorType, by }, `there is no ${modelName(sensorType, version)}`);
    const grown = await growAgain(recipe, { store, train: this.#train, grower, signal });
    if (grown.kind === "other") return this.#setBack({ sensorType, by }, grown.reason);
    await store.restore({ sensorType, version, compiled: grown.bytes }, by);
    log.info({ model: modelName(sensorType, version) }, "model grown again, to the same bytes");
  }
}

function tooLittle(series: readonly { readonly timestampsUs: Float64Array }[]): string {
  const readings = series.reduce((sum, { timestampsUs }) => sum + timestampsUs.length, 0);
  return (
    `there is too little to learn from: ${readings} readings of ${series.length} devices; ` +
    `it takes ${fewestRows} beyond the first 60 of each`
  );
}
