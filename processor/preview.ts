import type { JudgedAlarm } from "../platform/models/tuning-ports.ts";
import { allowances, type Fate, isSameTuning, type PreviewedAlarm, type Tuning } from "../schema/tuning.ts";
import type { Episode, Rescored } from "./rescore.ts";

/** What the replays of some series found with one tuning, all together. */
export interface Replayed {
  readonly tuning: Tuning;
  readonly episodes: readonly Episode[];
}

/** What would have become of the alarms with another tuning. */
export interface Comparison {
  readonly to: Tuning;
  readonly alarms: readonly PreviewedAlarm[];
  readonly counts: Readonly<Record<Fate, number>>;
  readonly falseAlarms: { readonly all: number; readonly removed: number };
  /** Episodes that no replay with the tuning of today finds. */
  readonly added: number;
}

/** The tunings that call less than this one, the mildest first. */
export function quieterThan({ allowance, mutes }: Tuning): readonly Tuning[] {
  const lines = allowances.filter((one) => one <= allowance);
  const all = lines.flatMap((line): Tuning[] => [
    { allowance: line, mutes },
    { allowance: line, mutes: ["stuck"] },
  ]);
  return all.filter(
    (one, place) =>
      !isSameTuning(one, { allowance, mutes }) &&
      all.findIndex((other) => isSameTuning(one, other)) === place,
  );
}

/** Puts the results of several series together. */
export function gather(
  tunings: readonly Tuning[],
  results: readonly (readonly Rescored[])[],
): readonly Replayed[] {
  return tunings.map((tuning, place) => ({
    tuning,
    episodes: results.flatMap((ofSeries) => ofSeries[place]?.episodes ?? []),
  }));
}

/** What would have become of the alarms that were raised, had the tuning been `after` and not `before`. */
export function compare(alarms: readonly JudgedAlarm[], before: Replayed, after: Replayed): Comparison {
  const previewed = alarms.map((alarm): PreviewedAlarm => {
    const { lastUs: _, ...shown } = alarm;
    return { ...shown, fate: fateOf(alarm, before.episodes, after.episodes) };
  });
  const count = (fate: Fate) => previewed.filter((alarm) => alarm.fate === fate).length;
  const called = previewed.filter(({ verdict }) => verdict === "false-alarm");
  return {
    to: after.tuning,
    alarms: previewed,
    counts: {
      kept: count("kept"),
      hidden: count("hidden"),
      removed: count("removed"),
      unclear: count("unclear"),
    },
    falseAlarms: { all: called.length, removed: called.filter(({ fate }) => fate === "removed").length },
    added: after.episodes.filter((episode) => !before.episodes.some((known) => isSame(known, episode)))
      .length,
  };
}

/** The mildest of those that remove the most false alarms, each confirmed one that they hide set against two; undefined when none removes any. */
export function mildest(comparisons: readonly Comparison[]): Comparison | undefined {
  const worth = ({ falseAlarms, counts }: Comparison) => falseAlarms.removed - 2 * counts.hidden;
  const best = Math.max(...comparisons.map(worth));
  return best > 0 ? comparisons.find((one) => worth(one) === best) : undefined;
}

/** What a preview says, in the words that an operator decides by. */
export function sentenceOf({ counts, added }: Comparison, days: number): string {
  const alarms = counts.kept + counts.hidden + counts.removed + counts.unclear;
  const time = days === 1 ? "one day" : `${days} days`;
  if (alarms === 0 && added === 0) return `There was no alarm in ${time}, and there would have been none.`;
  const more = [
    ...(counts.hidden > 0 ? [`hidden ${counts.hidden} you confirmed`] : []),
    ...(added > 0 ? [`added ${added}`] : []),
  ].join(" and ");
  const removed = `Would have removed ${counts.removed} of ${alarms} alarm${alarms === 1 ? "" : "s"} in ${time}`;
  const unclear =
    counts.unclear > 0
      ? ` ${counts.unclear} cannot be told: the replay does not find ${counts.unclear === 1 ? "it" : "them"} today either.`
      : "";
  return `${removed}${more === "" ? "" : ` and ${more}`}.${unclear}`;
}

function fateOf(alarm: JudgedAlarm, before: readonly Episode[], after: readonly Episode[]): Fate {
  const isIn = (episodes: readonly Episode[]) =>
    episodes.some((episode) => isSame(episode, { ...alarm, firstUs: alarm.raisedUs }));
  if (isIn(after)) return "kept";
  if (!isIn(before)) return "unclear";
  return alarm.verdict === "confirmed" ? "hidden" : "removed";
}

type Span = Pick<Episode, "deviceId" | "sensorType" | "firstUs" | "lastUs">;

/** Whether two episodes of a series have a moment in common. */
function isSame(one: Span, other: Span): boolean {
  const isOfSeries = one.deviceId === other.deviceId && one.sensorType === other.sensorType;
  return isOfSeries && one.firstUs <= other.lastUs && other.firstUs <= one.lastUs;
}
