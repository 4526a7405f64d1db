import { setTimeout as pause } from "node:timers/promises";

/** Waits, but not beyond the signal. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
