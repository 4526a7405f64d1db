import { readStored, writeStored } from "./storage.ts";

/** By whose clocks times are shown and read: those of this browser, or UTC. */
export type Zone = "local" | "utc";

const storageKey = "tidemark:zone";
const minuteMs = 60_000;

/** Takes up what was chosen in this browser before. */
export function startZone(): void {
  mark(readStored(storageKey) === "utc" ? "utc" : "local");
}

export function chooseZone(zone: Zone): void {
  mark(zone);
  writeStored(storageKey, zone);
}

function mark(zone: Zone): void {
  document.documentElement.dataset["zone"] = zone;
}

export function shownZone(): Zone {
  // What words a page uses is tested where there is no document.
  return globalThis.document?.documentElement.dataset["zone"] === "utc" ? "utc" : "local";
}

/** `Europe/Berlin`, or `UTC`. */
export function zoneName(zone: Zone = shownZone()): string {
  return zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** By how much the clocks are ahead of UTC at a moment, both in milliseconds. */
export function zoneAheadMs(atMs: number, zone: Zone = shownZone()): number {
  return zone === "utc" ? 0 : -new Date(atMs).getTimezoneOffset() * minuteMs;
}
