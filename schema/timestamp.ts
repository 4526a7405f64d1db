/** Readings older than this are refused: a device that lost its clock reports 1970, which no chart should stretch to. */
export const earliestTimestampUs = Date.UTC(2000, 0, 1) * 1000;

const isoShape =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Microseconds since the epoch of an ISO 8601 text or an epoch number, or undefined when it is neither.
 * Numbers below 1e11 are seconds, below 1e14 milliseconds, below 1e17 microseconds. A text without a zone is UTC,
 * as the legacy client's `datetime.utcnow().isoformat()` means it. Digits beyond the microsecond are dropped.
 */
export function parseTimestamp(raw: unknown): number | undefined {
  if (typeof raw === "number") return fromEpochNumber(raw);
  if (typeof raw === "string") return fromIsoText(raw);
  return undefined;
}

function fromEpochNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value < 0 || value >= 1e17) return undefined;
  if (value < 1e11) return Math.round(value * 1e6);
  if (value < 1e14) return Math.round(value * 1e3);
  return Math.round(value);
}

function fromIsoText(text: string): number | undefined {
  const match = isoShape.exec(text.trim());
  if (match === null) return undefined;
  const [, date = "", minutes = "00:00", seconds = "00", fraction = "", zone = "Z"] = match;
  const wholeMs = Date.parse(`${date}T${minutes}:${seconds}${normalZone(zone)}`);
  if (Number.isNaN(wholeMs) || !isCalendarDate(date)) return undefined;
  return wholeMs * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

// Date.parse takes 2026-02-30 for the second of March; an operator would never find the reading again.
function isCalendarDate(date: string): boolean {
  const day = Number(date.slice(8));
  return day <= 28 || new Date(date).getUTCDate() === day;
}

function normalZone(zone: string): string {
  if (zone === "Z" || zone === "z") return "Z";
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** ISO 8601 in UTC with all six digits of the microseconds, e.g. `2026-11-22T18:40:08.000123Z`. */
export function formatTimestamp(timestampUs: number, zone: "Z" | "+00:00" = "Z"): string {
  const wholeSeconds = Math.floor(timestampUs / 1e6);
  const fraction = timestampUs - wholeSeconds * 1e6;
  return `${new Date(wholeSeconds * 1000).toISOString().slice(0, 19)}.${String(fraction).padStart(6, "0")}${zone}`;
}
