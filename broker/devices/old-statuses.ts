import { setTimeout as pause } from "node:timers/promises";
import type { PresenceStore } from "../../platform/devices/presence-ports.ts";
import { messageOf } from "../../platform/errors.ts";
import { firstTurnMs } from "../../platform/first-turn.ts";
import type { Clock, Running } from "../../platform/ports.ts";
import type { Log } from "../../platform/telemetry.ts";
import { offlineSinceMs } from "../../schema/presence.ts";
import { statusTopic } from "../../schema/topics.ts";
import type { Persistence, Removable } from "../persistence.ts";
import { within } from "./deadline.ts";

export interface OldStatusesDeps {
  readonly persistence: Pick<Persistence, "removable">;
  /** Where it is kept who was connected; null without a database, where a status is forgotten by its age. */
  readonly store: Pick<PresenceStore, "unknown"> | null;
  readonly keptDays: number;
  readonly now: Clock;
  readonly log: Log;
  /** How long a broker may take to write down what it told, once the database is back. */
  readonly settleMs?: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const answerMs = 10_000;
const devicesAQuestion = 500;

/**
 * Looks every hour for retained statuses of devices that are forgotten. Any broker may, as often as it likes: a status that was told
 * meanwhile is another one and stays.
 */
export function forgetStatusesHourly(deps: OldStatusesDeps): Running {
  const stopping = new AbortController();
  const look = (): void => {
    timer = setTimeout(look, hourMs).unref();
    forgetStatuses(deps, stopping.signal).catch((error: unknown) => {
      if (!stopping.signal.aborted)
        deps.log.debug({ reason: messageOf(error) }, "old statuses not looked for");
    });
  };
  let timer = setTimeout(look, firstTurnMs(hourMs, Math.random())).unref();
  return {
    stop() {
      clearTimeout(timer);
      stopping.abort();
      return Promise.resolve();
    },
  };
}

/** Removes retained statuses of devices that have been away for long and are forgotten; answers how many. */
export async function forgetStatuses(deps: OldStatusesDeps, signal?: AbortSignal): Promise<number> {
  const { persistence, store, keptDays, now, log } = deps;
  // A device that has just left may not be in the database yet.
  const latestMs = now() / 1000 - (store === null ? keptDays * dayMs : hourMs);
  let old: Removable[] = [];
  let removed = 0;
  const removeOld = async (): Promise<void> => {
    const forgotten = await forgottenOf(old, deps, signal);
    for (const status of forgotten) await status.remove();
    removed += forgotten.length;
    old = [];
  };
  for await (const status of persistence.removable(statusTopic("+"))) {
    signal?.throwIfAborted();
    if ((offlineSinceMs(status.payload) ?? Number.POSITIVE_INFINITY) > latestMs) continue;
    old.push(status);
    if (old.length === devicesAQuestion) await removeOld();
  }
  await removeOld();
  if (removed > 0) log.info({ devices: removed }, "statuses of forgotten devices removed");
  return removed;
}

/** Asked twice, since after an outage of the database brokers still have to write down what they told in it. */
async function forgottenOf(
  statuses: readonly Removable[],
  { store, settleMs = 10_000 }: OldStatusesDeps,
  signal?: AbortSignal,
): Promise<readonly Removable[]> {
  if (store === null || statuses.length === 0) return statuses;
  const unknownOf = async (asked: readonly Removable[]): Promise<readonly Removable[]> => {
    const unknown = new Set(await within(answerMs, () => store.unknown(asked.map(deviceOf))));
    return asked.filter((status) => unknown.has(deviceOf(status)));
  };
  const first = await unknownOf(statuses);
  if (first.length === 0) return first;
  await pause(settleMs, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) });
  return unknownOf(first);
}

function deviceOf({ topic }: Removable): string {
  return topic.split("/")[1] ?? "";
}
