import type { RejectedAnswer, ReplayAnswer } from "../../../schema/api.ts";
import { formatCount } from "../shell/format.ts";

/** One refused message as the server lists it. */
export type RejectedItem = RejectedAnswer["rejected"][number];

/** What came of a replay, in a line. */
export function describeReplay({ replayed, failed }: Pick<ReplayAnswer, "replayed" | "failed">): string {
  const done = `Replayed ${formatCount(replayed)}.`;
  const [first] = failed;
  if (first === undefined) return done;
  if (failed.length === 1) return `${replayed === 0 ? "" : `${done} `}Not replayed: ${first.reason}.`;
  const counts = new Map<string, number>();
  for (const { code } of failed) counts.set(code, (counts.get(code) ?? 0) + 1);
  const codes = [...counts].map(([code, count]) => `${code}\u202f×\u202f${formatCount(count)}`);
  return `${done} Not replayed: ${formatCount(failed.length)} (${codes.join(", ")}).`;
}

/** How much of a message is shown; undefined when it is all of it. */
export function describeCut({
  isCut,
  payload,
  payloadBytes,
}: Pick<RejectedItem, "isCut" | "payload" | "payloadBytes">): string | undefined {
  if (!isCut) return undefined;
  const size = payloadBytes > 0 ? `${formatCount(payloadBytes)} bytes` : "a size nobody said";
  const advice = "Only its device can send it again.";
  if (payload === "") return `Too large, ${size}: nothing of it is kept. ${advice}`;
  return `Cut: the first ${formatCount(new TextEncoder().encode(payload).length)} of ${size}. ${advice}`;
}

/** Why a message cannot be replayed now, where the reason of its refusal or the note that it is cut does not say so already. */
export function describeHindrance({
  whyNot,
  reason,
  isCut,
}: Pick<RejectedItem, "whyNot" | "reason" | "isCut">): string | undefined {
  // Seconds pass between a refusal and the next look at it.
  const isSaid = whyNot?.replaceAll(/\d+/g, "") === reason.replaceAll(/\d+/g, "");
  return whyNot === undefined || isCut || isSaid ? undefined : `Not replayable: ${whyNot}.`;
}
