import { rateParts } from "../schema/rule.ts";

interface Point {
  readonly timestampUs: number;
  readonly value: number;
}

/** The way of a series, as far back as a rate needs it. */
export interface RuleTrail {
  /** The change per minute since the newest reading that is at least so old; undefined while there is none. */
  rateTo(timestampUs: number, value: number): number | undefined;
  /** Takes note of a reading; each is newer than the one before. */
  follow(timestampUs: number, value: number): void;
}

/** A trail for rates over so many microseconds. What it remembers depends on the readings alone, however often it is begun anew. */
export function newTrail(overUs: number): RuleTrail {
  const partUs = overUs / rateParts;
  const points: Point[] = [];
  const partOf = (timestampUs: number): number => Math.floor(timestampUs / partUs);
  const dropBefore = (timestampUs: number): void => {
    while (points.length > 1 && (points[1]?.timestampUs ?? 0) <= timestampUs - overUs) points.shift();
  };
  return {
    rateTo(timestampUs, value) {
      dropBefore(timestampUs);
      const [from] = points;
      if (from === undefined || from.timestampUs > timestampUs - overUs) return undefined;
      return ((value - from.value) * 60e6) / (timestampUs - from.timestampUs);
    },
    follow(timestampUs, value) {
      const last = points.at(-1);
      if (last !== undefined && partOf(last.timestampUs) === partOf(timestampUs)) points.pop();
      points.push({ timestampUs, value });
      dropBefore(timestampUs);
    },
  };
}
