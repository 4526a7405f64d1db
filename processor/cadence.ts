/**
 * How often a series is heard of, by the clock of the broker that received its messages: what a device says of the time may be wrong, late or
 * in bundles.
 */
export interface Cadence {
  /** When the newest message came, microseconds since the epoch; 0 while it is not known. */
  heardUs: number;
  /** Gaps between messages that it has learnt from. */
  gaps: number;
  meanUs: number;
  /** The gap that one in a hundred exceeds. */
  longUs: number;
  /** How many gaps in a row were beyond the allowance. */
  overdueRun: number;
}

/** Gaps before a series can be missed. */
const fewestGaps = 20;
const memory = 64;
const beyond = 0.01;
const step = 0.05;
const fall = Math.exp((-step * beyond) / (1 - beyond));
/** What comes at any time, and not in a rhythm, stays away for this share of its long gaps now and then. */
const longShare = 0.6;
/** A series that came late so often in a row has a new rhythm. */
const newRhythmAfter = 3;
/** No clock of a device makes anybody wait longer. */
const longestIntervalUs = 86_400e6;
/** No series is missed sooner. */
export const leastAllowanceUs = 10e6;
/** So many usual gaps may pass without a message. */
export const allowedGaps = 5;

export function newCadence(): Cadence {
  return { heardUs: 0, gaps: 0, meanUs: 0, longUs: 0, overdueRun: 0 };
}

/**
 * Learns that a message came. What comes with the one before, or is older by the clock of another broker, is no message of its own.
 * `intervalUs` as in `usualGapUs`.
 */
export function learnArrival(cadence: Cadence, arrivalUs: number, intervalUs: number): void {
  const gapUs = arrivalUs - cadence.heardUs;
  if (gapUs <= 0) return;
  if (cadence.heardUs > 0) learnGap(cadence, gapUs, intervalUs);
  cadence.heardUs = arrivalUs;
}

function learnGap(cadence: Cadence, gapUs: number, intervalUs: number): void {
  cadence.gaps = Math.min(cadence.gaps + 1, memory);
  const usualUs = usualGapUs(cadence, intervalUs);
  const isOverdue = usualUs !== null && gapUs > allowanceUs(usualUs);
  cadence.overdueRun = isOverdue ? cadence.overdueRun + 1 : 0;
  if (cadence.overdueRun >= newRhythmAfter) {
    cadence.meanUs = gapUs;
    cadence.longUs = gapUs;
    cadence.overdueRun = 0;
    return;
  }
  // A silence that was an alarm is not what is usual.
  if (!isOverdue) cadence.meanUs += (gapUs - cadence.meanUs) / cadence.gaps;
  if (cadence.gaps <= fewestGaps) cadence.longUs = Math.max(cadence.longUs, gapUs);
  else
    cadence.longUs =
      gapUs > cadence.longUs ? Math.min(cadence.longUs * Math.exp(step), gapUs) : cadence.longUs * fall;
}

/**
 * The time from one message to the next that is usual, null while it is not known. `intervalUs` is the time between two readings by their own
 * timestamps: a device that begins with telling its past does so faster than it will speak.
 */
export function usualGapUs(cadence: Cadence, intervalUs: number): number | null {
  if (cadence.gaps < fewestGaps) return null;
  return Math.max(cadence.meanUs, longShare * cadence.longUs, Math.min(intervalUs, longestIntervalUs));
}

/** How long a series with this usual gap may say nothing. */
export function allowanceUs(gapUs: number): number {
  return Math.max(leastAllowanceUs, allowedGaps * gapUs);
}
