/** How a series uses to stand still: what tells a stuck sensor from one that rests. */
export interface Rests {
  /** The share of readings that differ from the one before. */
  changeShare: number;
  /** How many readings that stands for. */
  readings: number;
  /** How many readings in a row repeated the one before. */
  run: number;
  /** The longest such row met before, very slowly forgotten. */
  longest: number;
}

const mostReadings = 2000;
// A series has to be known before it can be called stuck.
const fewestReadings = 60;
// Shorter rows are nothing to speak of; longer ones must be so unlikely, and so much longer than any before.
const fewestRepeats = 20;
const unlikely = Math.log(1e-9);
const longerThanBefore = 3;
const stuckShare = 0.1;
// The longest row of a short history is not the longest there will be.
const shortHistory = 500;
const forgetting = Math.exp(-Math.LN2 / 8000);

export function newRests(): Rests {
  return { changeShare: 0, readings: 0, run: 0, longest: 0 };
}

/** The number of repeats in a row at which a series counts as stuck; infinite for one that is not known, or never stirs. */
export function stuckAfter(rests: Rests): number {
  if (rests.readings < fewestReadings || rests.changeShare <= 0) return Number.POSITIVE_INFINITY;
  const improbable = rests.changeShare >= 1 ? 0 : unlikely / Math.log1p(-rests.changeShare);
  const beyondBefore = longerThanBefore * rests.longest * (1 + shortHistory / rests.readings);
  return Math.ceil(Math.max(fewestRepeats, beyondBefore, improbable));
}

/** Whether one more repeat is the one that makes a series stuck: said once, since a stuck series repeats itself. */
export function becomesStuck(rests: Rests): boolean {
  return rests.run + 1 === stuckAfter(rests);
}

/** Learns whether a reading repeated the one before. While a row is suspiciously long the share stands still, and with it the limit. */
export function learnRest(rests: Rests, isRepeat: boolean): void {
  if (isRepeat) {
    rests.run += 1;
    if (rests.run > Math.max(rests.longest, fewestRepeats / 2)) return;
  } else {
    // A row that was called stuck is hardly a rest, or the second time that a sensor gets stuck would be one; what comes back often is.
    const learnt = rests.run >= stuckAfter(rests) ? stuckShare : 1;
    rests.longest += learnt * Math.max(rests.run - rests.longest, 0);
    rests.run = 0;
  }
  rests.longest *= forgetting;
  rests.readings = Math.min(rests.readings + 1, mostReadings);
  rests.changeShare += ((isRepeat ? 0 : 1) - rests.changeShare) / rests.readings;
}
