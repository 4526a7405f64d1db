import { messageOf, PlatformError } from "../platform/errors.ts";
import type { ModelStanding, ModelStore, StoredModel } from "../platform/models/model-ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import { modelName } from "../schema/model.ts";
import { growFactoryModels } from "./factory.ts";
import { type Model, parseModel } from "./model.ts";
import { ShadowTally } from "./shadow.ts";

export interface RegistryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RegistryDeps {
  readonly store: ModelStore;
  readonly log: RegistryLog;
  /** The models that types come with, by type; grown unless given. */
  readonly factory?: ReadonlyMap<string, Model>;
}

/** Who judges a series. */
export interface Judges {
  readonly model: Model | undefined;
  /** The model that is asked as well, and only counted, while there is one. */
  readonly shadow: Shadow | undefined;
}

interface Shadow {
  readonly candidate: Model;
  readonly version: number;
  readonly tally: ShadowTally;
}

interface TypeJudges {
  readonly revision: number;
  readonly usual: Judges;
  readonly ofDevice: ReadonlyMap<string, Judges>;
  /** The versions that were read for them, by number. */
  readonly models: ReadonlyMap<number, Model>;
}

const nobody: Judges = { model: undefined, shadow: undefined };

/** The models that judge. Whoever judges a type is only ever replaced whole, between two readings. */
export class ModelRegistry {
  readonly #store: ModelStore;
  readonly #log: RegistryLog;
  readonly #factory: ReadonlyMap<string, Model>;
  readonly #types = new Map<string, TypeJudges>();
  #refreshing: Promise<void> = Promise.resolve();

  /** It knows the factory models; call `refresh` to learn what the store has. */
  constructor({ store, log, factory = growFactoryModels() }: RegistryDeps) {
    this.#store = store;
    this.#log = log;
    this.#factory = factory;
    for (const [sensorType, model] of this.#factory) {
      const usual = { model, shadow: undefined };
      this.#types.set(sensorType, { revision: -1, usual, ofDevice: new Map(), models: new Map() });
    }
  }

  judgesOf({ deviceId, sensorType }: SeriesKey): Judges {
    const ofType = this.#types.get(sensorType);
    return ofType === undefined ? nobody : (ofType.ofDevice.get(deviceId) ?? ofType.usual);
  }

  /** Who judges the devices of a type that have no version of their own. */
  modelFor(sensorType: string): Model | undefined {
    return this.#types.get(sensorType)?.usual.model;
  }

  /** The sensor types that have a model. */
  types(): readonly string[] {
    return [...this.#types.keys()].filter((sensorType) => this.modelFor(sensorType) !== undefined);
  }

  /**
   * Takes over what has changed in the store. One at a time, and each looks anew, so whoever asks after a change sees it.
   * @throws PlatformError STORE_DOWN, retryable.
   */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refresh());
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    for (const standing of await this.#store.standings()) {
      const known = this.#types.get(standing.sensorType);
      if (standing.revision !== known?.revision) await this.#takeOver(standing, known);
    }
  }

  async #takeOver(standing: ModelStanding, known: TypeJudges | undefined): Promise<void> {
    const { sensorType, revision, active, candidate } = standing;
    const overrides = await this.#store.overrides(sensorType);
    const wanted = new Set([active, candidate, ...overrides.values()].filter((version) => version !== null));
    const models = await this.#read(sensorType, wanted, known?.models ?? new Map());
    const model = models.get(active ?? 0) ?? this.#factory.get(sensorType);
    const shadow = shadowOf(candidate ?? 0, models, known?.usual.shadow);
    const ofDevice = [...overrides].map(([deviceId, version]): [string, Judges] => [
      deviceId,
      // The candidate is held against the active model, and against nothing else.
      { model: models.get(version) ?? model, shadow: undefined },
    ]);
    this.#types.set(sensorType, { revision, usual: { model, shadow }, ofDevice: new Map(ofDevice), models });
    const names = { model: model?.version ?? "none", candidate: shadow?.candidate.version };
    this.#log.info({ sensorType, ...names, overrides: overrides.size }, "models taken over");
  }

  /** These versions, those of them that can be read. */
  async #read(
    sensorType: string,
    wanted: ReadonlySet<number>,
    known: ReadonlyMap<number, Model>,
  ): Promise<ReadonlyMap<number, Model>> {
    const models = new Map([...known].filter(([version]) => wanted.has(version)));
    const missing = [...wanted].filter((version) => !models.has(version));
    if (missing.length === 0) return models;
    for (const stored of await this.#store.load(sensorType, missing)) {
      const model = this.#parse(stored);
      if (model !== undefined) models.set(stored.version, model);
    }
    return models;
  }

  #parse({ sensorType, version, compiled }: StoredModel): Model | undefined {
    const model = modelName(sensorType, version);
    try {
      return parseModel(compiled, model);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "MODEL_UNREADABLE") throw error;
      this.#log.warn({ model, reason: messageOf(error) }, "model unreadable");
      return undefined;
    }
  }

  /**
   * Writes down what candidates would have said of the readings since the last time.
   * @throws PlatformError STORE_DOWN, retryable; nothing is forgotten then.
   */
  async flush(): Promise<void> {
    for (const [sensorType, { usual }] of this.#types) {
      const { version = 0, tally } = usual.shadow ?? {};
      const counts = tally?.take();
      if (tally === undefined || counts === undefined) continue;
      try {
        await this.#store.addShadow(sensorType, version, counts);
      } catch (error) {
        tally.add(counts);
        throw error;
      }
    }
  }
}

/** A candidate that stays keeps its counts. */
function shadowOf(
  version: number,
  models: ReadonlyMap<number, Model>,
  known: Shadow | undefined,
): Shadow | undefined {
  const candidate = models.get(version);
  if (candidate === undefined) return undefined;
  return known?.version === version ? known : { candidate, version, tally: new ShadowTally() };
}
