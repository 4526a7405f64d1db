import type { ModelComparison, ModelSummary, ModelTypeSummary, ShadowCounts } from "../../../schema/model.ts";
import { formatCount, formatMoment } from "../shell/format.ts";

/** What judges readings of a type, for people. */
export function describeJudging({ judging, active }: ModelTypeSummary): string {
  if (judging === "none") return "no model yet: each series is judged by its own history";
  return active === null ? `${judging}, the model the type comes with` : judging;
}

/** What the candidate would have flagged of live readings, beside what the active one did. */
export function describeShadow({ readings, active, candidate, both }: ShadowCounts): string {
  if (readings === 0) return "not compared on live readings yet";
  return (
    `of ${formatCount(readings)} live readings the active model flagged ${formatCount(active)}, ` +
    `this one would have flagged ${formatCount(candidate)}, ${formatCount(both)} of them the same`
  );
}

/** What both make of the same history: `the active model 12 episodes, the candidate 9`. */
export function describeComparison({
  readings,
  fromUs,
  untilUs,
  active,
  candidate,
  both,
}: ModelComparison): string {
  const time = `${formatMoment(fromUs / 1000)} to ${formatMoment(untilUs / 1000)}`;
  return (
    `On ${formatCount(readings)} stored readings, ${time}: the active model flags ${counted(active)}, ` +
    `this one ${counted(candidate)}; ${formatCount(both)} readings are flagged by both.`
  );
}

function counted({ readings, episodes }: ModelComparison["active"]): string {
  return `${formatCount(readings)} in ${formatCount(episodes)} ${episodes === 1 ? "episode" : "episodes"}`;
}

/** Where a version comes from: from how much it learnt, and from whom. */
export function describeOrigin({ learntFrom, rows }: ModelSummary): string {
  if (learntFrom === null) return `${formatCount(rows)} rows`;
  const { devices, readings } = learntFrom;
  return `${formatCount(readings)} readings of ${formatCount(devices)} ${devices === 1 ? "device" : "devices"}`;
}

/** What goes on with a type beside its judging; nothing when nothing does. */
export function describeTraining({ order, setback, isPinned }: ModelTypeSummary): readonly string[] {
  return [
    ...(order === null
      ? []
      : [
          order.version === null
            ? `A training is ordered since ${formatMoment(order.atUs / 1000)}.`
            : `Version ${order.version} is being grown again since ${formatMoment(order.atUs / 1000)}.`,
        ]),
    ...(setback === null
      ? []
      : [`The last training came to nothing: ${setback.reason} (${formatMoment(setback.atUs / 1000)}).`]),
    ...(isPinned ? ["Pinned: no schedule trains it."] : []),
  ];
}
