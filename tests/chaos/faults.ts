import { setTimeout as pause } from "node:timers/promises";
import { type Fault, mostAtATime, type Target } from "./plan.ts";
import type { Subject } from "./subjects.ts";

export interface FaultSpan extends Pick<Fault, "action" | "target"> {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What was done, and what it showed. */
export interface FaultLog {
  /** When Redis was killed, by `performance.now()`. */
  readonly redisKillsMs: number[];
  /** How programs ended that were asked to. */
  readonly exits: { readonly target: Target; readonly exitCode: number | null }[];
  /** Every fault from its beginning to when its target was back, by `performance.now()`. */
  readonly spans: FaultSpan[];
  /** Targets that did not come back. */
  readonly failures: Error[];
}

/**
 * Makes the faults happen, each at its time. When a target recovers more slowly than the plan allows for, all that follows comes
 * later by as much. Resolves when the last target is back.
 */
export async function makeFaults(
  plan: readonly Fault[],
  subjects: Readonly<Record<Target, Subject>>,
): Promise<FaultLog> {
  const log: FaultLog = { redisKillsMs: [], exits: [], spans: [], failures: [] };
  const underWay = new Map<Target, Promise<void>>();
  let beginMs = performance.now();
  for (const fault of plan) {
    // The one place where time itself is waited for: a plan is repeatable only by its clock.
    await pause(Math.max(0, fault.atMs - (performance.now() - beginMs)));
    while (underWay.size >= mostAtATime) await Promise.race(underWay.values());
    await underWay.get(fault.target);
    beginMs = Math.max(beginMs, performance.now() - fault.atMs);
    const { action, target } = fault;
    const fromMs = performance.now();
    const happening = happen(fault, subjects[target], log)
      .catch((error: unknown) => {
        log.failures.push(new Error(`${action} of ${target} at ${fault.atMs} ms`, { cause: error }));
      })
      .finally(() => {
        log.spans.push({ action, target, fromMs, untilMs: performance.now() });
        underWay.delete(target);
      });
    underWay.set(target, happening);
  }
  await Promise.all(underWay.values());
  return log;
}

async function happen({ action, target, forMs }: Fault, subject: Subject, log: FaultLog): Promise<void> {
  switch (action) {
    case "freeze": {
      const pids = subject.pids();
      for (const pid of pids) signal(pid, "SIGSTOP");
      await pause(forMs);
      for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
      return;
    }
    case "kill": {
      if (target === "redis") log.redisKillsMs.push(performance.now());
      await subject.end("SIGKILL");
      await pause(forMs);
      return subject.start();
    }
    case "terminate": {
      log.exits.push({ target, exitCode: await subject.end("SIGTERM") });
      await pause(forMs);
      return subject.start();
    }
  }
}

/** A process of PostgreSQL may end between being listed and being told. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
