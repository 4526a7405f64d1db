import type { AnomalyEvent } from "../../schema/event.ts";

const mostKept = 2000;

/** How far back the counts of the page look. */
export const countedMs = 10 * 60 * 1000;

/** The anomalies this page has heard of, each once, whether from the history, the stream or a replay. */
export class AnomalyBook {
  readonly #byKey = new Map<string, AnomalyEvent>();

  /** Those that are new, in the order given. */
  add(events: readonly AnomalyEvent[]): readonly AnomalyEvent[] {
    const fresh = events.filter((event) => {
      const key = anomalyKey(event);
      if (this.#byKey.has(key)) return false;
      this.#byKey.set(key, event);
      return true;
    });
    for (const key of this.#byKey.keys()) {
      if (this.#byKey.size <= mostKept) break;
      this.#byKey.delete(key);
    }
    return fresh;
  }

  find(deviceId: string, sensorType: string, timestampUs: number): AnomalyEvent | undefined {
    return this.#byKey.get(anomalyKey({ deviceId, sensorType, timestampUs }));
  }

  /** How many are as young as this, of one device or of all. */
  countSince(sinceUs: number, deviceId?: string): number {
    let count = 0;
    for (const event of this.#byKey.values()) {
      if (event.timestampUs >= sinceUs && (deviceId === undefined || event.deviceId === deviceId)) count++;
    }
    return count;
  }

  newest(most: number): readonly AnomalyEvent[] {
    return [...this.#byKey.values()].sort((a, b) => b.timestampUs - a.timestampUs).slice(0, most);
  }
}

export function anomalyKey(of: Pick<AnomalyEvent, "deviceId" | "sensorType" | "timestampUs">): string {
  return `${of.deviceId}/${of.sensorType}/${of.timestampUs}`;
}
