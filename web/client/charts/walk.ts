import type { Point } from "./history.ts";

export type Step = "previous" | "next" | "oldest" | "newest" | "previous-anomaly" | "next-anomaly";

const steps: ReadonlyMap<string, Step> = new Map([
  ["ArrowLeft", "previous"],
  ["ArrowRight", "next"],
  ["Home", "oldest"],
  ["End", "newest"],
  ["[", "previous-anomaly"],
  ["]", "next-anomaly"],
]);

type KeyPress = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">;

/** What a key asks for, or undefined when it belongs to the browser, like Alt and the left arrow. */
export function toStep({ key, altKey, ctrlKey, metaKey }: KeyPress): Step | undefined {
  // Many layouts have the brackets behind AltGr, which reports itself as Alt or as Ctrl and Alt.
  const isBracket = key === "[" || key === "]";
  const isBrowsers = metaKey || (isBracket ? ctrlKey && !altKey : ctrlKey || altKey);
  return isBrowsers ? undefined : steps.get(key);
}

/** The reading a step leads to, or undefined when there is none that way. From nowhere every step but `oldest` finds the newest. */
export function walk(points: readonly Point[], fromUs: number | undefined, step: Step): Point | undefined {
  const candidates = step.endsWith("-anomaly") ? points.filter((point) => point[3] === 1) : points;
  if (step === "oldest") return candidates[0];
  if (step === "newest" || fromUs === undefined) return candidates.at(-1);
  const isForward = step === "next" || step === "next-anomaly";
  return isForward
    ? candidates.find(([timestampUs]) => timestampUs > fromUs)
    : candidates.findLast(([timestampUs]) => timestampUs < fromUs);
}

/** What is said where a step finds nothing. */
export function describeEnd(step: Step): string {
  switch (step) {
    case "previous":
      return "This is the oldest reading.";
    case "next":
      return "This is the newest reading.";
    case "oldest":
    case "newest":
      return "No readings yet.";
    case "previous-anomaly":
      return "No earlier anomaly in this chart.";
    case "next-anomaly":
      return "No later anomaly in this chart.";
  }
}
