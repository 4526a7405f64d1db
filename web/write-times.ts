import type { WriteTimes } from "../schema/ops.ts";

/** One number of a histogram as its metric has it: a bucket (`le`), or the sum or count of all. */
export interface HistogramValue {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
}

/** What a histogram in seconds tells of the times it saw; null when it saw none. */
export function toWriteTimes(values: readonly HistogramValue[]): WriteTimes | null {
  const ending = (end: string) => values.find(({ metricName }) => metricName?.endsWith(end))?.value ?? 0;
  const batches = ending("_count");
  if (batches === 0) return null;
  // Buckets count what is at most `le`; the first that has 95 of 100 is what is known of the 95th.
  const bound = values
    .filter(({ labels }) => labels["le"] !== undefined)
    .find(({ value }) => value >= 0.95 * batches)?.labels["le"];
  const p95 = Number(bound);
  return {
    batches,
    meanMs: (1000 * ending("_sum")) / batches,
    p95Ms: Number.isFinite(p95) ? 1000 * p95 : null,
  };
}
