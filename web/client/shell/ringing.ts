import type { AlarmEvent } from "../../../schema/event.ts";

/** How soon after a connect what comes may be said again, of what happened while nobody was connected. */
const replayMs = 10_000;
/** What is said again and is older than this is no news. */
const newsMs = 60_000;
const quietMs = 5000;

/** What the decision needs of an event. */
export interface Heard {
  readonly change: AlarmEvent["change"];
  readonly atUs: number;
  readonly alarm: Pick<AlarmEvent["alarm"], "severity">;
}

interface Situation {
  readonly nowMs: number;
  /** When the connection was made. */
  readonly connectedMs: number;
}

/**
 * How many tones an event is worth: none, one, or two. By age alone nothing falls silent: the clock of this browser may be minutes off
 * that of the server, and what comes over a connection that stands is news.
 */
export function tonesFor({ change, atUs, alarm }: Heard, { nowMs, connectedMs }: Situation): 0 | 1 | 2 {
  if (change !== "raised") return 0;
  const mayBeReplay = nowMs - connectedMs < replayMs;
  if (mayBeReplay && nowMs - atUs / 1000 > newsMs) return 0;
  return alarm.severity === "critical" ? 2 : 1;
}

/** How long to wait until it may ring again: it does so at most once in five seconds. */
export function waitMs(rangMs: number, nowMs: number): number {
  return Math.max(0, rangMs + quietMs - nowMs);
}
