import type {
  ModelComparison,
  ModelDetail,
  ModelMetrics,
  ModelSummary,
  ModelTypeSummary,
  ModelWish,
  SeriesRange,
  ShadowCounts,
} from "../../schema/model.ts";
import type { Reading } from "../../schema/reading.ts";

/** Which versions judge a type, as far as a processor must know. */
export interface ModelStanding {
  readonly sensorType: string;
  /** Grows with every change. */
  readonly revision: number;
  /** Null: the model the type comes with, or none. */
  readonly active: number | null;
  readonly candidate: number | null;
}

/** A version as it judges. */
export interface StoredModel {
  readonly sensorType: string;
  /** Grows per sensor type, from 1. */
  readonly version: number;
  readonly compiled: Uint8Array;
}

/** What a version is grown from, and again. */
export interface ModelRecipe {
  readonly sensorType: string;
  readonly version: number;
  /** Of the random numbers it was grown with. */
  readonly seed: number;
  /** SHA-256 of the compiled bytes, in hex. */
  readonly digest: string | null;
  /** Which code grew it. */
  readonly grower: string | null;
  /** Null: it is from before this was kept. */
  readonly series: readonly SeriesRange[] | null;
}

/** A version that has just been grown. */
export interface GrownModel extends StoredModel {
  readonly seed: number;
  readonly digest: string;
  readonly grower: string;
  readonly series: readonly SeriesRange[];
  readonly rows: number;
  readonly metrics: ModelMetrics;
  readonly replay: ModelComparison | null;
  /** The version that was active meanwhile. */
  readonly parent: number | null;
  readonly createdBy: string;
}

/** The models as those who judge by them need them. */
export interface ModelStore {
  /** Of each type that has or had models of its own. */
  standings(): Promise<readonly ModelStanding[]>;
  /** The devices of a type that are judged by another version than the rest, and by which. */
  overrides(sensorType: string): Promise<ReadonlyMap<string, number>>;
  /** These versions of a type, at least one; those whose bytes are not kept are left out. */
  load(sensorType: string, versions: readonly number[]): Promise<readonly StoredModel[]>;
  /** Adds to what is known of a candidate on live readings; nothing happens when it is the candidate no more. */
  addShadow(sensorType: string, version: number, counts: ShadowCounts): Promise<void>;
}

/** A training that an operator ordered. */
export interface TrainingOrder {
  readonly sensorType: string;
  readonly by: string;
  /** Grow this one again; null for a new one. */
  readonly version: number | null;
}

/** A training that is over, by whoever wanted it. */
export type TrainingEnd = Omit<TrainingOrder, "version">;

/** What trains models, and what they are trained from. */
export interface TrainingStore {
  /** Runs it while no other process does; answers whether it ran. `signal` is aborted when that is not sure any more. */
  alone(work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
  /** Trainings that are ordered and not done, the oldest first. */
  orders(): Promise<readonly TrainingOrder[]>;
  /** Sensor types with at least `minReadings` stored readings, other than those named. */
  typesWithHistory(minReadings: number, except: readonly string[]): Promise<readonly string[]>;
  /** Of these types, those that are not pinned and were neither trained nor noticed within so many hours. Notices them. */
  typesDue(sensorTypes: readonly string[], hours: number): Promise<readonly string[]>;
  /**
   * The newest readings of a type, at most `limit` of each of at most `devices` devices, oldest first within a device. Those that came
   * late are left out: so what lies between the first and the last of a device stays what it is.
   */
  history(sensorType: string, limits: { devices: number; readings: number }): Promise<readonly Reading[]>;
  /** The readings in these ranges, in the order of the ranges, oldest first within each. */
  historyWithin(sensorType: string, ranges: readonly SeriesRange[]): Promise<readonly Reading[]>;
  /** The active version of a type, and the highest number that a version of it has. */
  versionsOf(sensorType: string): Promise<{ active: number | null; newest: number }>;
  recipe(sensorType: string, version: number): Promise<ModelRecipe | null>;
  /**
   * Keeps a version as the candidate, or as the active one where `model.parent` still is and nothing can judge by it; ends what
   * `model.createdBy` ordered.
   * Drops the bytes of versions that were retired long ago. False when the type has that version already: another processor was first.
   */
  save(model: GrownModel, as: "candidate" | "active"): Promise<boolean>;
  /** Notes that a version was grown again to the same bytes, and keeps them; ends what `by` ordered. */
  restore(model: StoredModel, by: string): Promise<void>;
  /** Notes why nothing came of a training, and ends what was ordered by the same. */
  setBack(training: TrainingEnd, reason: string): Promise<void>;
}

/** A wish of an operator about the models of a type as they saw them. */
export interface ModelOrder {
  readonly sensorType: string;
  readonly wish: ModelWish;
  /** The revision that was looked at: granted only while it is still the newest. */
  readonly revision: number;
  readonly by: string;
}

/** What became of a wish, with the type as it stands then. */
export type ModelOutcome =
  | { readonly kind: "changed"; readonly type: ModelTypeSummary }
  | { readonly kind: "stale"; readonly type: ModelTypeSummary }
  | { readonly kind: ModelObjection };

/** Why a wish makes no sense. */
export type ModelObjection =
  | "type-unknown"
  | "version-unknown"
  | "not-kept"
  | "is-active"
  | "nothing-before"
  | "no-override"
  | "is-ordered"
  | "not-repeatable";

/** The models as operators see and change them. */
export interface RegistryStore {
  /** Every type that has a model or had one, and those that come with one, by name. */
  types(): Promise<readonly ModelTypeSummary[]>;
  /** A type with its versions, the newest first; null when nothing is known of it. */
  type(sensorType: string): Promise<{ type: ModelTypeSummary; versions: readonly ModelSummary[] } | null>;
  version(sensorType: string, version: number): Promise<ModelDetail | null>;
  /** Does as an operator wishes, on record. */
  change(order: ModelOrder): Promise<ModelOutcome>;
  /** Orders a training of a new version, or of one that is to be grown again. */
  train(sensorType: string, order: { version: number | null; by: string }): Promise<ModelOutcome>;
}
