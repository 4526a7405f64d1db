// One false alarm in a thousand readings is promised of a sensor that speaks every five minutes or less often. A tail that is fitted to some
// dozens of clusters errs by a third: aimed at is less, so that the promise holds.
const unhurriedRate = 7e-4;
const unhurriedUs = 300_000_000;
// The more often it speaks the rarer, down to this share: a tail that is fitted to a few thousand readings cannot promise more.
const leastShare = 0.1;

/**
 * The false alarms a reading that are allowed a sensor with this time between readings (0 when it is not known). What an operator wants promised is
 * a time: a thousand readings of a sensor that speaks every five seconds are 83 minutes.
 */
export function targetRate(intervalUs: number): number {
  const share = intervalUs > 0 ? intervalUs / unhurriedUs : 1;
  return unhurriedRate * Math.min(Math.max(share, leastShare), 1);
}
