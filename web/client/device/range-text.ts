import type { Zone } from "../shell/zone.ts";
import { type Bound, formatBound, parseBound, type Range } from "./range.ts";

/** A range as it is copied: `now-6h to now`, or two moments in UTC. */
export function textOfRange({ from, to }: Range): string {
  return `${formatBound(from)} to ${formatBound(to)}`;
}

/**
 * Reads a range that was copied: here, from an address of the console, from Grafana (`{"from":"now-6h","to":"now"}`), or two moments
 * beside each other. Undefined when the text is none.
 */
export function rangeOfText(text: string, zone: Zone = "local"): Range | undefined {
  const [from, to] = endsOf(text.trim()).map((end): Bound | undefined => parseBound(end, zone));
  return from === undefined || to === undefined ? undefined : { from, to };
}

function endsOf(text: string): readonly string[] {
  if (text.startsWith("{")) return endsOfJson(text);
  const query = /[?&](from=[^#\s]*)/.exec(text);
  if (query !== null) {
    const params = new URLSearchParams(query[1]);
    return [params.get("from") ?? "", params.get("to") ?? "now"];
  }
  const ends = text.split(/\s+(?:to|until|–|—)\s+|\s*\/\s*|[\t\r\n]+/);
  return ends.length === 2 ? ends : [];
}

function endsOfJson(text: string): readonly string[] {
  try {
    const { from, to }: { from?: unknown; to?: unknown } = JSON.parse(text);
    return typeof from === "string" && typeof to === "string" ? [from, to] : [];
  } catch {
    return [];
  }
}
