import type { HistorySeries } from "../../../schema/history.ts";

/** What a point of a chart stands for, in words: `every reading`, or `mean, least and greatest of 5 min`. */
export function describeResolution({
  level,
  stepSeconds,
}: Pick<HistorySeries, "level" | "stepSeconds">): string {
  if (level === "raw" && stepSeconds === null) return "every reading";
  const step = stepSeconds ?? 0;
  const length = step % 3600 === 0 ? `${step / 3600} h` : step % 60 === 0 ? `${step / 60} min` : `${step} s`;
  return `mean, least and greatest of ${length}`;
}
