import type { SeriesRange } from "../schema/model.ts";
import type { Reading } from "../schema/reading.ts";

/** The history of one sensor of one device, oldest first. */
export interface TrainingSeries {
  readonly deviceId: string;
  readonly timestampsUs: Float64Array;
  readonly values: Float64Array;
}

/** Splits readings, oldest first within a device, into one history a device. */
export function toTrainingSeries(readings: readonly Reading[]): readonly TrainingSeries[] {
  const byDevice = new Map<string, Reading[]>();
  for (const reading of readings) {
    const known = byDevice.get(reading.deviceId);
    if (known === undefined) byDevice.set(reading.deviceId, [reading]);
    else known.push(reading);
  }
  return [...byDevice].map(([deviceId, own]) => ({
    deviceId,
    timestampsUs: Float64Array.from(own, (reading) => reading.timestampUs),
    values: Float64Array.from(own, (reading) => reading.value),
  }));
}

/** Where these histories begin and end: what a model that learns from them is grown again from. */
export function rangesOf(series: readonly TrainingSeries[]): SeriesRange[] {
  return series.map(({ deviceId, timestampsUs }) => ({
    deviceId,
    fromUs: timestampsUs[0] ?? 0,
    untilUs: timestampsUs.at(-1) ?? 0,
    readings: timestampsUs.length,
  }));
}
