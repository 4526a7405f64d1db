/** How long a job waits for its first turn at least, if its turns are further apart, and at most twice as long. */
const firstMs = 300_000;

/**
 * Milliseconds from the start of a process to the first turn of a job whose turns are `everyMs` apart. What has its turn every hour comes
 * to it some minutes after the start: a process that is replaced within the hour, again and again, never would. Processes that start
 * together do not come to it together. `dice`: 0 to 1.
 */
export function firstTurnMs(everyMs: number, dice: number): number {
  return Math.min(everyMs, firstMs * (1 + dice));
}
