import { messageOf } from "../platform/errors.ts";
import { firstTurnMs } from "../platform/first-turn.ts";
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

/** Runs a job again and again, never twice at once; a failure is logged and the next turn tries again. */
export async function repeat(repetition: Repetition, pause = rest): Promise<void> {
  const { name, ms, job, dice, log, signal } = repetition;
  let restMs = firstTurnMs(ms, dice());
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
