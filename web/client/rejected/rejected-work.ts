import type { RejectedChoice } from "../../../schema/api.ts";
import { formatCount } from "../shell/format.ts";
import { discardRejected, replayRejected } from "../shell/server-api.ts";
import { describeReplay } from "./rejected-words.ts";

/** Which messages are meant: these, or all of a code that had come when the operator looked. */
export type Target =
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | { readonly kind: "code"; readonly code: string; readonly untilUs: number; readonly count: number };

/** The server takes as many at a time. */
const mostIds = 1000;

export function countOf(target: Target | undefined): number {
  if (target === undefined) return 0;
  return target.kind === "ids" ? target.ids.length : target.count;
}

/** Replays all that is meant, however many requests that takes; answers with what to tell the operator. */
export async function replayAll(target: Target): Promise<string> {
  const sum = { replayed: 0, failed: [] as Awaited<ReturnType<typeof replayRejected>>["failed"] };
  let after: string | undefined;
  do {
    const answer = await replayRejected(choiceOf(target, after));
    sum.replayed += answer.replayed;
    sum.failed.push(...answer.failed);
    after = answer.next ?? undefined;
  } while (after !== undefined);
  return describeReplay(sum);
}

/** Discards all that is meant, likewise. */
export async function discardAll(target: Target): Promise<string> {
  let sum = 0;
  for (;;) {
    const { discarded, left } = await discardRejected(choiceOf(target));
    sum += discarded;
    if (left === 0 || discarded === 0) return `Discarded ${formatCount(sum)}.`;
  }
}

function choiceOf(target: Target, after?: string): RejectedChoice {
  if (target.kind === "ids") return { ids: target.ids.slice(0, mostIds) };
  // Only codes that the server listed are chosen; its schema has the same catalogue.
  const code = target.code as Extract<RejectedChoice, { code: unknown }>["code"];
  return { code, untilUs: target.untilUs, ...(after === undefined ? {} : { after }) };
}
