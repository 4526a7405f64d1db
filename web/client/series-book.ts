import { mergePoints, type Point } from "./history.ts";

/** The newest readings of every sensor on the board. */
export class SeriesBook {
  readonly #devices = new Map<string, Map<string, readonly Point[]>>();

  points(deviceId: string, sensorType: string): readonly Point[] {
    return this.#devices.get(deviceId)?.get(sensorType) ?? [];
  }

  /** Takes the points in; true when an anomaly among them was not known before. */
  merge(deviceId: string, sensorType: string, incoming: readonly Point[]): boolean {
    const sensors = this.#devices.get(deviceId) ?? new Map<string, readonly Point[]>();
    this.#devices.set(deviceId, sensors);
    const before = sensors.get(sensorType) ?? [];
    const known = new Set(before.filter((point) => point[3] === 1).map((point) => point[0]));
    sensors.set(sensorType, mergePoints(before, incoming));
    return incoming.some((point) => point[3] === 1 && !known.has(point[0]));
  }

  sensorTypes(deviceId: string): readonly string[] {
    return [...(this.#devices.get(deviceId)?.keys() ?? [])];
  }

  drop(deviceId: string): void {
    this.#devices.delete(deviceId);
  }
}
