import { formatRough } from "../shell/format.ts";

/** `3 ms`, `1.2 s`, `4 min`. */
export function formatTook(ms: number): string {
  if (ms < 1000) return `${formatRough(ms < 10 ? ms : Math.round(ms))}\u202fms`;
  if (ms < 120_000) return `${formatRough(ms / 1000)}\u202fs`;
  return `${formatRough(Math.round(ms / 60_000))}\u202fmin`;
}
