import { sensorUnit } from "../../../schema/sensors.ts";
import type { Counts } from "../anomalies/anomaly-book.ts";
import { shownZone, type Zone, zoneAheadMs } from "./zone.ts";

// Each is made when it is first used: a phone takes ten milliseconds to make one, and the first page needs few.
const whole = numbers({ maximumFractionDigits: 0 });
const tenths = numbers({ maximumFractionDigits: 1, minimumFractionDigits: 1 });
const atMostTenths = numbers({ maximumFractionDigits: 1 });
const hundredths = numbers({ maximumFractionDigits: 2, minimumFractionDigits: 2 });
const significant = numbers({ maximumSignificantDigits: 3 });
const grouped = numbers({});

const timeOfDay = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const clocks = inZones(timeOfDay);
const moments = inZones({ day: "numeric", month: "short", ...timeOfDay });
const dayMs = 86_400_000;

function numbers(options: Intl.NumberFormatOptions): () => Intl.NumberFormat {
  let format: Intl.NumberFormat | undefined;
  return () => {
    format ??= new Intl.NumberFormat("en", options);
    return format;
  };
}

function inZones(options: Intl.DateTimeFormatOptions): (zone: Zone) => Intl.DateTimeFormat {
  const formats: Partial<Record<Zone, Intl.DateTimeFormat>> = {};
  return (zone) => {
    const zoned = zone === "utc" ? { ...options, timeZone: "UTC" } : options;
    formats[zone] ??= new Intl.DateTimeFormat("en-GB", zoned);
    return formats[zone];
  };
}

/** A value with about four significant digits: 21.43, 1,013.2, 0.00412. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.1) return significant().format(value);
  const format = size >= 10_000 ? whole : size >= 100 ? tenths : hundredths;
  return format().format(value);
}

export function formatMeasure(sensorType: string, value: number): string {
  const unit = sensorUnit(sensorType);
  return unit === "" ? formatValue(value) : `${formatValue(value)}\u202f${unit}`;
}

/** How many there are: `12,345`. */
export function formatCount(count: number): string {
  return grouped().format(count);
}

/** How much it is about, with no more digits than one compares: 2.3, 45, 1,235. */
export function formatRough(value: number): string {
  return (value < 100 ? atMostTenths : whole)().format(value);
}

/** Two values and their unit, once: `20.00–25.00 °C`. */
export function formatRange(sensorType: string, { low, high }: { low: number; high: number }): string {
  // Next to a dash a minus would be hard to see.
  const dash = low < 0 || high < 0 ? " to " : "–";
  return `${formatValue(low)}${dash}${formatMeasure(sensorType, high)}`;
}

/** `just now`, `12 s ago`, `4 min ago`, `3 h ago`, `2 d ago`; a device clock that runs ahead is `just now` too. */
export function formatAge(ageMs: number): string {
  return ageMs < 2000 ? "just now" : `${formatSpan(ageMs)} ago`;
}

export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Date and time of day by the clocks that were chosen, `22 Nov, 18:40:08`. */
export function formatMoment(atMs: number): string {
  return moments(shownZone()).format(atMs);
}

/** Time of day by the same, `18:40:08`. */
export function formatClock(atMs: number): string {
  return clocks(shownZone()).format(atMs);
}

/** The time of day, with the date when that is not today. */
export function formatSince(atMs: number, nowMs: number): string {
  const dayOf = (ms: number): number => Math.floor((ms + zoneAheadMs(ms)) / dayMs);
  return dayOf(atMs) === dayOf(nowMs) ? formatClock(atMs) : formatMoment(atMs);
}

/** `3 anomalies in the last 10 minutes, 27 readings in all`. */
export function describeCounts({ episodes, readings }: Counts): string {
  const anomalies = episodes === 1 ? "1 anomaly" : `${episodes} anomalies`;
  const inAll = readings === 1 ? "1 reading" : `${readings} readings`;
  return `${anomalies} in the last 10 minutes, ${inAll} in all`;
}
