import type { Severity } from "../../../schema/scored.ts";
import type { Palette } from "../shell/theme.ts";
import type { Spot } from "./history.ts";
import type { LabelledSet } from "./kept-sets.ts";

/** An anomalous reading on a chart. */
export interface Mark extends Spot {
  readonly severity: Severity;
}

/** By severity: the shape says what the colour says. `severity.css` has the same beside words. */
const shapes = {
  none: { pointStyle: "triangle", pointRadius: 5 },
  minor: { pointStyle: "triangle", pointRadius: 5 },
  major: { pointStyle: "rectRot", pointRadius: 6 },
  critical: { pointStyle: "circle", pointRadius: 7 },
} as const;

/** The marks as a chart draws them, a set for each severity that is among them, the worst over all others. */
export function markSets(
  marks: readonly Mark[],
  { minor, anomaly, critical, surface }: Palette,
): LabelledSet[] {
  const colours = { none: minor, minor, major: anomaly, critical };
  return (["critical", "major", "minor", "none"] as const).flatMap((severity) => {
    const data = marks.filter((mark) => mark.severity === severity);
    if (data.length === 0) return [];
    const colour = colours[severity];
    const { pointStyle, pointRadius } = shapes[severity];
    return {
      ...{ label: severity, data, showLine: false, fill: false, order: 1 },
      ...{ pointStyle, pointRadius, pointHoverRadius: pointRadius + 2 },
      ...{ pointBackgroundColor: colour, pointHoverBackgroundColor: colour },
      ...{ pointBorderColor: surface, pointHoverBorderColor: surface, pointBorderWidth: 1.5 },
    };
  });
}
