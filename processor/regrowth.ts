import { createHash } from "node:crypto";
import type { ModelRecipe, TrainingStore } from "../platform/models/model-ports.ts";
import { modelName } from "../schema/model.ts";
import { rangesOf, toTrainingSeries } from "./history.ts";
import { type Model, serialiseModel } from "./model.ts";
import type { Training } from "./training.ts";

/** What came of growing a version again. */
export type Regrowth =
  | { readonly kind: "same"; readonly bytes: Uint8Array }
  | { readonly kind: "other"; readonly reason: string };

/** SHA-256 in hex. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Tells the code that grows models from other code, by what it makes of invented readings: where channels, forests and what series learn
 * are the same, the model of a type with a factory model comes out the same.
 */
export function growerOf(factory: ReadonlyMap<string, Model>): string {
  const [first] = factory.values();
  return first === undefined ? "none" : digestOf(serialiseModel(first)).slice(0, 16);
}

export interface RegrowthDeps {
  readonly store: Pick<TrainingStore, "historyWithin">;
  readonly train: Training;
  readonly grower: string;
  readonly signal: AbortSignal;
}

/** Grows a version again from its seed and the readings it learnt from. */
export async function growAgain(
  recipe: ModelRecipe,
  { store, train, grower, signal }: RegrowthDeps,
): Promise<Regrowth> {
  const { sensorType, seed, digest } = recipe;
  const version = modelName(sensorType, recipe.version);
  if (recipe.series === null || digest === null)
    return other(`${version} is from before the platform kept what versions learnt from`);
  const series = toTrainingSeries(await store.historyWithin(sensorType, recipe.series));
  const [wanted, found] = [countOf(recipe.series), countOf(rangesOf(series))];
  if (found !== wanted)
    return other(`${version} was grown from ${wanted} readings, of which ${found} are stored`);
  const grown = await train({ sensorType, version, seed, series }, signal);
  if (grown !== undefined && digestOf(grown.bytes) === digest) return { kind: "same", bytes: grown.bytes };
  return recipe.grower === grower
    ? other(`${version} came out otherwise: the readings it was grown from are not what they were`)
    : other(`${version} was grown by another release, which grew models otherwise; train a new version`);
}

function other(reason: string): Regrowth {
  return { kind: "other", reason };
}

function countOf(ranges: readonly { readings: number }[]): number {
  return ranges.reduce((sum, { readings }) => sum + readings, 0);
}
