import { medianIntervalUs, mergePoints, type Point } from "./history.ts";

/** The newest readings of every sensor on the board. */
export class SeriesBook {
  readonly #devices = new Map<string, Map<string, readonly Point[]>>();
  readonly #cadencesUs = new Map<string, Map<string, number>>();
  /** Devices of which every reading arrives; of the others only the anomalies do. */
  readonly #whole = new Set<string>();

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

  setWhole(deviceId: string, isWhole: boolean): void {
    // Asked before it is too late, so that it is remembered.
    if (!isWhole) for (const sensorType of this.sensorTypes(deviceId)) this.cadenceUs(deviceId, sensorType);
    if (isWhole) this.#whole.add(deviceId);
    else this.#whole.delete(deviceId);
  }

  /** The usual time between two readings, as far as it could be seen while the device was whole. */
  cadenceUs(deviceId: string, sensorType: string): number | undefined {
    const known = this.#cadencesUs.get(deviceId) ?? new Map<string, number>();
    const nowUs = this.#whole.has(deviceId) ? medianIntervalUs(this.points(deviceId, sensorType)) : undefined;
    if (nowUs !== undefined) this.#cadencesUs.set(deviceId, known.set(sensorType, nowUs));
    return nowUs ?? known.get(sensorType);
  }

  sensorTypes(deviceId: string): readonly string[] {
    return [...(this.#devices.get(deviceId)?.keys() ?? [])];
  }

  drop(deviceId: string): void {
    this.#devices.delete(deviceId);
    this.#cadencesUs.delete(deviceId);
    this.#whole.delete(deviceId);
  }
}
