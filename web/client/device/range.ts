import type { Span } from "../charts/span.ts";
import { type Zone, zoneAheadMs } from "../shell/zone.ts";

/** An end of a range: so long before now, or a moment. */
export type Bound =
  | { readonly kind: "ago"; readonly ms: number }
  | { readonly kind: "at"; readonly atMs: number };

export interface Range {
  readonly from: Bound;
  readonly to: Bound;
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What one press chooses: the label of the button, and the beginning of a range that goes on until now. */
export const presets = [
  ["5 m", "now-5m"],
  ["15 m", "now-15m"],
  ["1 h", "now-1h"],
  ["6 h", "now-6h"],
  ["24 h", "now-24h"],
  ["7 d", "now-7d"],
  ["30 d", "now-30d"],
] as const;

export const usualFrom = "now-15m";

/** A shorter range shows less than one usual interval between readings. */
const leastMs = 1000;
const longestMs = 3660 * 86_400_000;

/** Reads `now`, `now-6h`, microseconds since the epoch, or a date with a time, which is of this zone unless it names another. */
export function parseBound(text: string, zone: Zone = "local"): Bound | undefined {
  const trimmed = text.trim();
  const relative = /^now(?:\s*-\s*(\d{1,6})\s*([smhd]))?$/i.exec(trimmed);
  if (relative !== null) {
    const [, count = "0", unit = "s"] = relative;
    return { kind: "ago", ms: Number(count) * (units[unit.toLowerCase()] ?? 0) };
  }
  if (/^\d{16}$/.test(trimmed)) return { kind: "at", atMs: Number(trimmed) / 1000 };
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return undefined;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(trimmed.slice(10));
  const time = trimmed.length === 10 ? "T00:00" : "";
  const suffix = hasZone || zone === "local" ? "" : "Z";
  const atMs = Date.parse(trimmed.replace(" ", "T") + time + suffix);
  return Number.isNaN(atMs) ? undefined : { kind: "at", atMs };
}

/** As an address has it, and as `parseBound` reads it. */
export function formatBound(bound: Bound): string {
  if (bound.kind === "at") return new Date(bound.atMs).toISOString();
  if (bound.ms === 0) return "now";
  const [unit, size] = Object.entries(units).findLast(([, ms]) => bound.ms % ms === 0) ?? ["s", 1000];
  return `now-${Math.round(bound.ms / size)}${unit}`;
}

/** As somebody would type it: to the second, by the clocks of a zone and without its name. */
export function typedBound(bound: Bound, zone: Zone = "local"): string {
  if (bound.kind === "ago") return formatBound(bound);
  const shown = new Date(bound.atMs + zoneAheadMs(bound.atMs, zone));
  return shown.toISOString().slice(0, 19).replace("T", " ");
}

/** The range of an address; the usual one where it has none, or none that makes sense. */
export function rangeOf(query: URLSearchParams): Range {
  const from = parseBound(query.get("from") ?? usualFrom);
  const to = parseBound(query.get("to") ?? "now");
  const usual: Range = { from: parseBound(usualFrom) ?? { kind: "ago", ms: 0 }, to: { kind: "ago", ms: 0 } };
  if (from === undefined || to === undefined) return usual;
  if (rangeFault({ from, to }, Date.now()) !== undefined) return usual;
  return query.get("live") === "1" ? untilNow({ from, to }, Date.now()) : { from, to };
}

/** The range itself when it goes on until now, else as long a one that does. */
function untilNow(range: Range, nowMs: number): Range {
  if (isOpen(range)) return range;
  const { fromMs, toMs } = spanOf(range, nowMs);
  return { from: { kind: "ago", ms: Math.round(toMs - fromMs) }, to: { kind: "ago", ms: 0 } };
}

/** What is wrong with a range, as a sentence, or undefined. */
export function rangeFault(range: Range, nowMs: number): string | undefined {
  const { fromMs, toMs } = spanOf(range, nowMs);
  if (toMs - fromMs < leastMs) return "The beginning must lie before the end.";
  return toMs - fromMs > longestMs ? "Ten years are the most." : undefined;
}

export function spanOf({ from, to }: Range, nowMs: number): Span {
  const moment = (bound: Bound): number => (bound.kind === "at" ? bound.atMs : nowMs - bound.ms);
  return { fromMs: moment(from), toMs: moment(to) };
}

/** Whether it goes on until now, so that new readings belong to it. */
export function isOpen({ to }: Range): boolean {
  return to.kind === "ago" && to.ms === 0;
}

/** The range between two moments, in either order; never shorter than a second. */
export function between(aMs: number, bMs: number): Range {
  const fromMs = Math.floor(Math.min(aMs, bMs));
  const toMs = Math.max(fromMs + leastMs, Math.ceil(Math.max(aMs, bMs)));
  return { from: { kind: "at", atMs: fromMs }, to: { kind: "at", atMs: toMs } };
}
