import type { GrownModel } from "../../platform/models/model-ports.ts";
import type { Stores } from "./databases.ts";
import { startUs } from "./samples.ts";

/** A version of a model that was never grown. */
export function model(over: Partial<GrownModel> = {}): GrownModel {
  const compiled = Uint8Array.from({ length: 1024 }, (_, place) => place % 256);
  return {
    ...{
      sensorType: "co2",
      version: 1,
      compiled,
      seed: 7,
      digest: "d1",
      grower: "g",
      rows: 500,
      parent: null,
    },
    ...{ series: [{ deviceId: "a", fromUs: startUs, untilUs: startUs + 1, readings: 2 }] },
    ...{ metrics: { limit: 1.2, tookMs: 3 }, replay: null, createdBy: "operator:ada" },
    ...over,
  };
}

/** Versions 1 to `count`, the first of them active, the last one the candidate. */
export async function fill({ training }: Stores, count: number): Promise<void> {
  await training.save(model(), "active");
  for (let version = 2; version <= count; version += 1)
    await training.save(model({ version, parent: 1, seed: version }), "candidate");
}
