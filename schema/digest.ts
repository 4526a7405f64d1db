import type { AlarmEvent } from "./event.ts";
import type { RouteSettings } from "./notification.ts";

/** How long what is beyond the limit gathers before a digest tells of it. */
const gatheringMs = 30_000;
/** Most notifications that a digest tells of one by one; the others are counted. */
export const worstInDigest = 10;

/** How a route stands when something is due on it. */
export interface Standing {
  readonly nowMs: number;
  /** Messages sent within the time of its limit. */
  readonly sentRecently: number;
  /** When its last digest was made; null when there was none. */
  readonly lastDigestMs: number | null;
  /** Whether some wait for a digest already. */
  readonly isGathering: boolean;
  /** Since when the oldest has waited that is due or waits for a digest. */
  readonly oldestMs: number;
}

/** What is to be done with what is due: told alone, told in a digest with all that waits, or kept until a moment. */
export type NextMessage =
  | { readonly kind: "single" | "digest" }
  | { readonly kind: "wait"; readonly untilMs: number };

/** One by one up to the limit; what is beyond is gathered, and told in a digest that is not the second within the time of the limit. */
export function nextMessage(
  { after, withinSeconds }: RouteSettings["digest"],
  { nowMs, sentRecently, lastDigestMs, isGathering, oldestMs }: Standing,
): NextMessage {
  if (!isGathering && sentRecently < after) return { kind: "single" };
  const mayBeNext = lastDigestMs === null ? 0 : lastDigestMs + withinSeconds * 1000;
  const untilMs = Math.max(oldestMs + gatheringMs, mayBeNext);
  return nowMs >= untilMs ? { kind: "digest" } : { kind: "wait", untilMs };
}

/** What a notification tells, as it is kept. */
export type NotificationContent =
  | { readonly kind: "alarm"; readonly event: AlarmEvent }
  | {
      readonly kind: "digest";
      readonly total: number;
      /** How many of each severity and change, as `major raised`; the worst first. */
      readonly counts: readonly {
        readonly severity: string;
        readonly change: string;
        readonly count: number;
      }[];
      /** The worst first. The ids are those that the notifications would have been sent with. */
      readonly worst: readonly {
        readonly id: string;
        readonly severity: string;
        readonly event: AlarmEvent;
      }[];
    }
  | { readonly kind: "test"; readonly by: string };

/** A message about to go out. */
export interface Message {
  /** The same for every attempt. */
  readonly id: string;
  readonly severity: string;
  readonly content: NotificationContent;
}
