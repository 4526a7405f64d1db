import type { OverviewAnswer } from "../../../schema/device-page.ts";
import type { OpsAnswer } from "../../../schema/ops.ts";
import { formatCount, formatRough } from "../shell/format.ts";

/** What a look at the machinery needs of the one before. */
type Look = Pick<OpsAnswer, "atUs" | "shards">;

/** Readings taken in a second between two looks, in all; undefined when nothing can be said, as after a stream began anew. */
export function readingsPerSecond(before: Look | undefined, now: Look): number | undefined {
  if (before === undefined || now.atUs <= before.atUs) return undefined;
  const taken = receivedIn(now) - receivedIn(before);
  return taken < 0 ? undefined : (taken * 1e6) / (now.atUs - before.atUs);
}

function receivedIn({ shards }: Look): number {
  return shards.reduce((sum, { received }) => sum + received, 0);
}

export function formatRate(perSecond: number | undefined): string {
  return perSecond === undefined ? "–" : formatRough(perSecond);
}

/** How many look on from here. */
export function describeConsoles(count: number): string {
  const what = count === 1 ? "console or embedded chart" : "consoles and embedded charts";
  return `open here: ${formatCount(count)} ${what}`;
}

const tenMinutesOfHour = 6;
/** From here on nobody can follow (EEMUA 191). */
const floodInTenMinutes = 10;

/** How many alarms there are to be looked after, and whether one operator can: EEMUA 191 asks for less than one in ten minutes, on the whole. */
export function describeAlarmLoad({ tenMinutes, hour }: OverviewAnswer["raised"]): string {
  const lately = `in 10\u202fmin, ${formatCount(hour)} in the last hour`;
  const target = "less than 1 in 10\u202fmin for each operator (EEMUA 191)";
  if (tenMinutes > floodInTenMinutes)
    return `${lately}. A flood, more than anybody can follow; the target is ${target}.`;
  if (hour >= tenMinutesOfHour) return `${lately}. Above the target of ${target}.`;
  return `${lately}. Target: ${target}.`;
}

/** What is wrong with the machinery, a sentence each; nothing when all is well. */
export function describeTroubles({ shards, fullness, brokers, processors }: OpsAnswer): readonly string[] {
  const troubles: string[] = [];
  const unowned = shards.filter(({ isOwned }) => !isOwned).map(({ shard }) => shard);
  if (processors === 0) troubles.push("No processor runs: readings are taken in and wait.");
  else if (unowned.length > 0) troubles.push(`Nobody writes shard ${unowned.join(", ")}.`);
  if (fullness >= 1) troubles.push("The stream is full: publishes are refused.");
  else if (fullness >= 0.75) troubles.push("The stream is nearly full: publishes are held.");
  const dead = brokers.filter(({ isAlive }) => !isAlive).length;
  if (dead > 0) troubles.push(`${dead === 1 ? "A broker gives" : `${dead} brokers give`} no sign of life.`);
  return troubles;
}
