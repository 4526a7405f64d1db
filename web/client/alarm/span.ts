import type { Span } from "../charts/span.ts";

const minuteMs = 60_000;
const leastMs = 10_000;
const mostMs = 400 * 86_400_000;
/** What is shown before and after an alarm, at least. */
const marginMs = 15 * minuteMs;

/** The time of an alarm, with as much before and after it, until now at most. */
export function spanOfAlarm(
  { raisedUs, lastUs }: { readonly raisedUs: number; readonly lastUs: number },
  nowMs: number,
): Span {
  const around = Math.max(marginMs, (lastUs - raisedUs) / 1000);
  return {
    fromMs: raisedUs / 1000 - around,
    toMs: Math.max(lastUs / 1000, Math.min(nowMs, lastUs / 1000 + around)),
  };
}

/** The span that an address asks for; undefined when it asks for none, or for one that cannot be. */
export function spanOfQuery(query: URLSearchParams): Span | undefined {
  const [fromMs, toMs] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? ""));
  if (fromMs === undefined || toMs === undefined || Number.isNaN(fromMs + toMs)) return undefined;
  return toMs - fromMs >= leastMs ? { fromMs, toMs } : undefined;
}

export function queryOfSpan({ fromMs, toMs }: Span): Readonly<Record<"from" | "to", string>> {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** The span so many times as long. A moment in it that matters stays where it is, otherwise the middle does. */
export function stretched({ fromMs, toMs }: Span, times: number, mattersMs: number): Span {
  const isInside = mattersMs >= fromMs && mattersMs <= toMs;
  const fixedMs = isInside ? mattersMs : (fromMs + toMs) / 2;
  const lengthMs = toMs - fromMs;
  const wantedMs = Math.min(mostMs, Math.max(leastMs, lengthMs * times));
  const startMs = Math.round(fixedMs - ((fixedMs - fromMs) / lengthMs) * wantedMs);
  return { fromMs: startMs, toMs: startMs + Math.round(wantedMs) };
}

/** What lies between two moments, whichever comes first; undefined when that is too short to be meant. */
export function between(oneMs: number, otherMs: number): Span | undefined {
  const [fromMs = 0, toMs = 0] = [oneMs, otherMs].toSorted((a, b) => a - b).map(Math.round);
  return toMs - fromMs >= leastMs ? { fromMs, toMs } : undefined;
}
