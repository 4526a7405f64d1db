const firstMs = 5000;
const longestMs = 3_600_000;

/**
 * How long to wait after the n-th failure: 5 s, then twice as long each time, up to an hour; of that at least half, and the rest by the
 * dice (0 to 1), so that not everything comes back at once to a receiver that was away.
 */
export function pauseAfter(attempts: number, dice: number): number {
  const most = Math.min(longestMs, firstMs * 2 ** (attempts - 1));
  return Math.round(most * (0.5 + 0.5 * dice));
}

/** What a receiver asks for in `Retry-After`, in milliseconds, at most an hour; undefined when it asks for nothing that counts. */
export function askedPause(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return undefined;
  return Math.min(longestMs, Number(header) * 1000);
}
