import { factoryName } from "../schema/model.ts";
import { type Range, type SensorType, sensorTypes } from "../schema/sensors.ts";
import type { TrainingSeries } from "./history.ts";
import type { Model } from "./model.ts";
import { normalNumber, type Random, seededRandom, seedOf } from "./random.ts";
import { trainModel } from "./training.ts";

const devices = 16;
const readingsEach = 1200;
const cadenceUs = 5_000_000;

/**
 * The models that exist before the first reading, by sensor type: grown from invented ordinary devices, always the same ones.
 * They know the shape of ordinary change, not a level: that comes from each series itself.
 */
export function growFactoryModels(): ReadonlyMap<string, Model> {
  const models = new Map<string, Model>();
  for (const type of sensorTypes.values()) {
    const model = growFactoryModel(type);
    if (model !== undefined) models.set(type.name, model);
  }
  return models;
}

/** The one of them that is for this type; undefined for a type without a typical range. */
export function growFactoryModel(type: SensorType): Model | undefined {
  const { typical } = type;
  if (typical === null) return undefined;
  const version = factoryName(type.name) ?? type.name;
  const seed = seedOf(version);
  const series = Array.from({ length: devices }, (_, index) =>
    ordinaryDevice({ ...type, typical }, seed + index),
  );
  return trainModel({ sensorType: type.name, version, seed, series });
}

/** A day in the life of a healthy sensor: a level, a slow swing, noise that may be a little sluggish, and rounding. */
function ordinaryDevice(type: SensorType & { readonly typical: Range }, seed: number): TrainingSeries {
  const random = seededRandom(seed);
  const width = type.typical.high - type.typical.low;
  const level = type.typical.low + width * (0.2 + 0.6 * random());
  const swing = width * 0.3 * random() ** 2;
  const period = 300 + 17_000 * random();
  const phase = 2 * Math.PI * random();
  const sluggishness = 0.9 * random();
  const noise = type.noise * (0.3 + 1.2 * random());
  const step = type.noise * pick([0.07, 0.3, 1], random);
  const values = new Float64Array(readingsEach);
  let drift = 0;
  for (let i = 0; i < readingsEach; i++) {
    drift = sluggishness * drift + Math.sqrt(1 - sluggishness ** 2) * normalNumber(random);
    const ideal = level + swing * Math.sin((2 * Math.PI * i) / period + phase) + noise * drift;
    const possible = Math.min(Math.max(ideal, type.physical.low), type.physical.high);
    values[i] = Math.round(possible / step) * step;
  }
  return { deviceId: "invented", timestampsUs: values.map((_, index) => (index + 1) * cadenceUs), values };
}

function pick(choices: readonly [number, ...number[]], random: Random): number {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}
