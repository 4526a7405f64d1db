/** What a distribution of latencies comes to, in milliseconds. */
export type Percentiles = {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
};

/** Exact, by nearest rank: every sample is kept and sorted. @throws Error when there are none. */
export function percentilesOf(latenciesUs: Float64Array): Percentiles {
  if (latenciesUs.length === 0) throw new Error("no latency was measured");
  const sorted = latenciesUs.toSorted();
  const rank = (share: number): number => toMs(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
  return { samples: sorted.length, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), most: rank(1) };
}

function toMs(us: number): number {
  return Math.round(us / 10) / 100;
}
