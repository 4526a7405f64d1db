import type { ExpectedBand } from "../platform/readings/shard-batch.ts";
import type { Reading } from "../schema/reading.ts";
import type { Range } from "../schema/sensors.ts";
import { hasPlace } from "./quantity.ts";
import { isLate, isWarm, type SeriesState, warmAfter } from "./series.ts";
import { usualBand } from "./usual.ts";

/** Which band of a series was kept last. A series that is remembered anew knows none, and keeps one a little sooner than it had to. */
export interface BandTrail {
  /** Moves the minutes and hours of a series, so that those of a fleet do not all begin at once. */
  readonly phaseUs: number;
  last: { readonly hour: number; readonly low: number; readonly high: number } | null;
}

const minuteUs = 60e6;
const hourUs = 3600e6;
/** A band that moved by less of its width is drawn in the same place. */
const leastMove = 0.02;

/** A trail of a series of this name, of which no band is known. */
export function newBandTrail(name: string): BandTrail {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
  return { phaseUs: ((hash >>> 0) % 3600) * 1e6, last: null };
}

/**
 * The band that is to be kept with a reading, if there is one; to be asked before the series learns from it. It is looked at with the
 * first reading of each minute, and with the one with which the series has learnt enough; it is kept when it moved, and once an hour.
 */
export function bandWith(reading: Reading, state: SeriesState, trail: BandTrail): ExpectedBand | undefined {
  const { timestampUs, deviceId, sensorType } = reading;
  const { last, phaseUs } = trail;
  const isOfNewMinute =
    partOf(timestampUs + phaseUs, minuteUs) > partOf(state.lastTimestampUs + phaseUs, minuteUs);
  if (!isOfNewMinute && state.count !== warmAfter) return undefined;
  if (!isWarm(state) || isLate(state, timestampUs) || !isDrawn(state)) return undefined;
  const band = inFewDigits(usualBand(state, timestampUs));
  const hour = partOf(timestampUs + phaseUs, hourUs);
  if (last !== null && hour === last.hour && !hasMoved(last, band)) return undefined;
  trail.last = { hour, ...band };
  return { deviceId, sensorType, timestampUs, ...band };
}

// What is usual of a counter is what it adds, which has no place beside what it shows.
function isDrawn({ kind }: SeriesState): boolean {
  return hasPlace(kind) && kind !== "counter";
}

function partOf(timestampUs: number, lengthUs: number): number {
  return Math.floor(timestampUs / lengthUs);
}

function hasMoved(last: Range, { low, high }: Range): boolean {
  const allowed = leastMove * Math.max(last.high - last.low, high - low);
  return Math.abs(low - last.low) > allowed || Math.abs(high - last.high) > allowed;
}

// A thousandth of its width is finer than any pixel.
function inFewDigits({ low, high }: Range): Range {
  const digits = Math.min(Math.max(3 - Math.floor(Math.log10(high - low)), 0), 12);
  return { low: Number(low.toFixed(digits)), high: Number(high.toFixed(digits)) };
}
