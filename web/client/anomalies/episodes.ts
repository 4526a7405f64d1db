import type { AnomalyEvent } from "../../../schema/event.ts";

/** Anomalous readings of one sensor that follow each other closely: to an operator, one fault. */
export interface Episode {
  readonly deviceId: string;
  readonly sensorType: string;
  /** Oldest first, one per timestamp, never empty. */
  readonly readings: readonly AnomalyEvent[];
  readonly first: AnomalyEvent;
  readonly last: AnomalyEvent;
  /** The one with the highest score; among equals the one furthest from what was expected, then the oldest. */
  readonly worst: AnomalyEvent;
}

const leastGapUs = 60_000_000;
const gapIntervals = 10;

/** The longest pause inside an episode, for a sensor with this usual time between two readings, if it is known. */
export function episodeGapUs(cadenceUs: number | undefined): number {
  return Math.max(leastGapUs, (cadenceUs ?? 0) * gapIntervals);
}

/** The episodes of one sensor's anomalies, oldest first; the anomalies may come in any order and more than once. */
export function groupEpisodes(anomalies: readonly AnomalyEvent[], gapUs: number): readonly Episode[] {
  const byTime = new Map(anomalies.map((anomaly) => [anomaly.timestampUs, anomaly]));
  const groups: [AnomalyEvent, ...AnomalyEvent[]][] = [];
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const anomaly of [...byTime.values()].sort((a, b) => a.timestampUs - b.timestampUs)) {
    const open = groups.at(-1);
    if (open !== undefined && anomaly.timestampUs - lastUs <= gapUs) open.push(anomaly);
    else groups.push([anomaly]);
    lastUs = anomaly.timestampUs;
  }
  return groups.map(toEpisode);
}

function toEpisode(readings: readonly [AnomalyEvent, ...AnomalyEvent[]]): Episode {
  const [first] = readings;
  const { deviceId, sensorType } = first;
  const worst = readings.reduce((worse, reading) => (isWorse(reading, worse) ? reading : worse));
  return { deviceId, sensorType, readings, first, last: readings.at(-1) ?? first, worst };
}

function isWorse(a: AnomalyEvent, b: AnomalyEvent): boolean {
  return a.score === b.score ? distance(a) > distance(b) : a.score > b.score;
}

function distance({ value, expected }: AnomalyEvent): number {
  return expected === null ? 0 : Math.max(expected.low - value, value - expected.high, 0);
}

/** Whether both have a moment in common. */
export function isOverlapping(a: Episode, b: Episode): boolean {
  return a.first.timestampUs <= b.last.timestampUs && b.first.timestampUs <= a.last.timestampUs;
}
