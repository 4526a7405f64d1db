import type { TrainingStore } from "../platform/models/model-ports.ts";
import { modelName } from "../schema/model.ts";
import { growFactoryModels } from "./factory.ts";
import { growAgain, growerOf } from "./regrowth.ts";
import { trainInWorker } from "./training.ts";

/** Grows a version again, prints whether it came out to the same bytes, and changes nothing; answers with the exit code. */
export async function verifyModel(
  { sensorType, version }: { readonly sensorType: string; readonly version: number },
  store: TrainingStore,
): Promise<0 | 1> {
  const name = modelName(sensorType, version);
  const recipe = await store.recipe(sensorType, version);
  if (recipe === null) return complain(`there is no model ${name}`);
  const { signal } = new AbortController();
  const grown = await growAgain(recipe, {
    store,
    train: trainInWorker,
    grower: growerOf(growFactoryModels()),
    signal,
  });
  if (grown.kind === "other") return complain(grown.reason);
  process.stdout.write(
    `${name} was grown again to the same ${grown.bytes.length} bytes (SHA-256 ${recipe.digest})\n`,
  );
  return 0;
}

function complain(reason: string): 1 {
  process.stderr.write(`tidemark: MODEL_DIFFERS: ${reason}\n`);
  return 1;
}
