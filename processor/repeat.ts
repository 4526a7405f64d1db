import { messageOf } from "../platform/errors.ts";
import type { Log } from "../platform/telemetry.ts";
import { rest } from "./rest.ts";

export interface Repetition {
  readonly name: string;
  readonly ms: number;
  readonly job: () => Promise<unknown>;
  /** 0 to 1. */
  readonly dice: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How long a job waits for its first turn at least, if its turns are further apart, and at most twice as long. */
const firstMs = 300_000;

/**
 * Runs a job again and again, never twice at once; a failure is logged and the next turn tries again. What has its turn every hour has
 * the first some minutes after the start: a process that is replaced within the hour, again and again, would never come to it. Processors
 * that start together do not come to it together.
 */
export async function repeat(repetition: Repetition, pause = rest): Promise<void> {
  const { name, ms, job, dice, log, signal } = repetition;
  let restMs = Math.min(ms, firstMs * (1 + dice()));
  while (!signal.aborted) {
    await pause(restMs, signal);
    if (signal.aborted) return;
    restMs = ms;
    try {
      await job();
    } catch (error) {
      if (!signal.aborted) log.warn({ job: name, reason: messageOf(error) }, "job failed");
    }
  }
}
