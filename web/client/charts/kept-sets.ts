import type { ChartDataset } from "chart.js";
import type { Spot } from "./history.ts";

/** A line or marks of a chart, known by a label that no other set of the chart has. */
export type LabelledSet = ChartDataset<"line", Spot[]> & { readonly label: string };

/**
 * The sets of one chart from picture to picture. For an object that Chart.js has not seen it makes a controller and an element for every
 * spot; so a set that looks as before stays the object it was. One that looks different has to be new, for without an animation Chart.js
 * keeps the looks of the spots of a set it knows; and its data have to be a fresh array each time, for it keeps what it parsed of an array
 * (chartjs/Chart.js#11929).
 */
export class KeptSets {
  readonly #kept = new Map<string, { readonly set: LabelledSet; readonly looks: string }>();

  renewed(sets: readonly LabelledSet[]): LabelledSet[] {
    return sets.map((set) => {
      const looks = JSON.stringify({ ...set, data: [] });
      const kept = this.#kept.get(set.label);
      // All of it: a gradient is of one height, and no text tells which.
      if (kept?.looks === looks) return Object.assign(kept.set, set);
      this.#kept.set(set.label, { set, looks });
      return set;
    });
  }
}
