const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** `3 ms`, `1.2 s`, `4 min`. */
export function formatTook(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? tenths.format(ms) : whole.format(ms)}\u202fms`;
  if (ms < 120_000) return `${tenths.format(ms / 1000)}\u202fs`;
  return `${whole.format(ms / 60_000)}\u202fmin`;
}
