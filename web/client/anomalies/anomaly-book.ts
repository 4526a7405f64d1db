import type { AnomalyEvent } from "../../../schema/event.ts";
import { type Severity, severities } from "../../../schema/scored.ts";
import { type Episode, episodeGapUs, groupEpisodes, isOverlapping } from "./episodes.ts";

const mostKept = 2000;

/** How far back the counts of the page look. */
export const countedMs = 10 * 60 * 1000;

/** An episode that keeps its id while readings are added to it. */
export interface KnownEpisode extends Episode {
  readonly id: string;
}

interface Sensor {
  readonly anomalies: readonly AnomalyEvent[];
  readonly gapUs: number;
  readonly episodes: readonly KnownEpisode[];
}

/** What an addition changed. */
interface Added {
  /** The anomalies that are new, in the order given. */
  readonly fresh: readonly AnomalyEvent[];
  /** The episodes that did not continue one that was known. */
  readonly begun: readonly KnownEpisode[];
}

/** How many episodes there were, and the anomalous readings in them. */
export interface Counts {
  readonly episodes: number;
  readonly readings: number;
  /** Of the worst of them. */
  readonly severity: Severity;
}

/** The anomalies this page has heard of, each once, whether from the history, the stream or a replay. */
export class AnomalyBook {
  readonly #byKey = new Map<string, AnomalyEvent>();
  readonly #devices = new Map<string, Map<string, Sensor>>();
  readonly #cadenceUs: (deviceId: string, sensorType: string) => number | undefined;
  #lastId = 0;

  /** `cadenceUs` tells the usual time between two readings of a sensor, or undefined when it cannot tell now. */
  constructor(cadenceUs: (deviceId: string, sensorType: string) => number | undefined) {
    this.#cadenceUs = cadenceUs;
  }

  add(events: readonly AnomalyEvent[]): Added {
    const fresh = events.filter((event) => {
      const key = anomalyKey(event);
      if (this.#byKey.has(key)) return false;
      this.#byKey.set(key, event);
      return true;
    });
    const changed = new Map([...fresh, ...this.#evict()].map((event) => [sensorKey(event), event]));
    const begun = [...changed.values()].flatMap((event) =>
      this.#regroup(
        event,
        fresh.filter((other) => sensorKey(other) === sensorKey(event)),
      ),
    );
    return { fresh, begun };
  }

  /** Groups the anomalies of these devices anew, because more is known of how often they speak. */
  regroup(deviceIds: readonly string[]): void {
    for (const deviceId of new Set(deviceIds)) {
      const sensorTypes = this.#devices.get(deviceId)?.keys() ?? [];
      for (const sensorType of sensorTypes) this.#regroup({ deviceId, sensorType }, []);
    }
  }

  find(deviceId: string, sensorType: string, timestampUs: number): AnomalyEvent | undefined {
    return this.#byKey.get(anomalyKey({ deviceId, sensorType, timestampUs }));
  }

  /** Those as young as this, of one device or of all. */
  countSince(sinceUs: number, deviceId?: string): Counts {
    const isYoung = ({ timestampUs }: AnomalyEvent): boolean => timestampUs >= sinceUs;
    const devices = deviceId === undefined ? [...this.#devices.keys()] : [deviceId];
    const young = devices.flatMap((id) => this.#episodesOf(id)).filter(({ last }) => isYoung(last));
    const readings = young.flatMap((episode) => episode.readings.filter(isYoung));
    const severity = severities.findLast((one) => readings.some((reading) => reading.severity === one));
    return { episodes: young.length, readings: readings.length, severity: severity ?? "none" };
  }

  newest(most: number): readonly AnomalyEvent[] {
    return [...this.#byKey.values()].sort((a, b) => b.timestampUs - a.timestampUs).slice(0, most);
  }

  /** Those that were heard of last, ordered by their beginning, newest first: an episode that goes on keeps its place. */
  newestEpisodes(most: number): readonly KnownEpisode[] {
    return [...this.#devices.keys()]
      .flatMap((id) => this.#episodesOf(id))
      .sort((a, b) => b.last.timestampUs - a.last.timestampUs)
      .slice(0, most)
      .sort((a, b) => b.first.timestampUs - a.first.timestampUs);
  }

  #episodesOf(deviceId: string): readonly KnownEpisode[] {
    return [...(this.#devices.get(deviceId)?.values() ?? [])].flatMap(({ episodes }) => episodes);
  }

  #evict(): readonly AnomalyEvent[] {
    const evicted = [...this.#byKey].slice(0, Math.max(0, this.#byKey.size - mostKept));
    for (const [key] of evicted) this.#byKey.delete(key);
    return evicted.map(([, event]) => event);
  }

  /** The episodes of the sensor that have nothing in common with those before. */
  #regroup(of: SensorName, fresh: readonly AnomalyEvent[]): readonly KnownEpisode[] {
    const sensors = this.#devices.get(of.deviceId) ?? new Map<string, Sensor>();
    this.#devices.set(of.deviceId, sensors);
    const before = sensors.get(of.sensorType);
    const cadenceUs = this.#cadenceUs(of.deviceId, of.sensorType);
    // A cadence once known stays: a device that is no longer watched should not have its episodes torn apart.
    const gapUs = cadenceUs === undefined && before !== undefined ? before.gapUs : episodeGapUs(cadenceUs);
    const anomalies = [...(before?.anomalies ?? []), ...fresh].filter((event) =>
      this.#byKey.has(anomalyKey(event)),
    );
    const known = [...(before?.episodes ?? [])];
    const episodes = groupEpisodes(anomalies, gapUs).map((episode) => ({
      ...episode,
      id: takeOverlapping(known, episode)?.id ?? `${++this.#lastId}`,
    }));
    if (episodes.length > 0) sensors.set(of.sensorType, { anomalies, gapUs, episodes });
    else sensors.delete(of.sensorType);
    if (sensors.size === 0) this.#devices.delete(of.deviceId);
    return episodes.filter(
      (episode) => !(before?.episodes ?? []).some((other) => isOverlapping(other, episode)),
    );
  }
}

type SensorName = Pick<AnomalyEvent, "deviceId" | "sensorType">;

function takeOverlapping(from: KnownEpisode[], episode: Episode): KnownEpisode | undefined {
  const at = from.findIndex((other) => isOverlapping(other, episode));
  return at === -1 ? undefined : from.splice(at, 1)[0];
}

function sensorKey({ deviceId, sensorType }: SensorName): string {
  return `${deviceId}/${sensorType}`;
}

export function anomalyKey(of: SensorName & Pick<AnomalyEvent, "timestampUs">): string {
  return `${sensorKey(of)}/${of.timestampUs}`;
}
