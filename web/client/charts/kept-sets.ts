import type { ChartDataset } from "chart.js";
import type { Spot } from "./history.ts";

/** A line or marks of a chart, known by a label that no other set of the chart has. */
export type LabelledSet = ChartDataset<"line", Spot[]> & { readonly label: string };

/** No array that is shown may grow: to one that could, Chart.js gives methods of its own that tell it of each push, and takes them away. */
const nothing: Spot[] = Object.preventExtensions([]);

/**
 * The sets of one chart from picture to picture. For an object that Chart.js has not seen it makes a controller and an element for every
 * spot; so a set that looks as before stays the object it was. One that looks different has to be new, for without an animation Chart.js
 * keeps the looks of the spots of a set it knows; and its data have to be a fresh array each time, for it keeps what it parsed of an array
 * (chartjs/Chart.js#11929). A set with nothing left to show stays, empty: when sets become fewer, Chart.js deletes a property of the chart,
 * and an object that lost one is slow in V8 from then on, with all code that was compiled for it.
 */
export class KeptSets {
  readonly #kept = new Map<string, { readonly set: LabelledSet; readonly looks: string }>();

  renewed(sets: readonly LabelledSet[]): LabelledSet[] {
    const shown = sets.map((set) => this.#renewed(set));
    const others = [...this.#kept.values()].filter(({ set }) => !shown.includes(set));
    return [...shown, ...others.map(({ set }) => Object.assign(set, { data: nothing }))];
  }

  #renewed(set: LabelledSet): LabelledSet {
    Object.preventExtensions(set.data);
    const looks = JSON.stringify({ ...set, data: [] });
    const kept = this.#kept.get(set.label);
    // All of it: a gradient is of one height, and no text tells which.
    if (kept?.looks === looks) return Object.assign(kept.set, set);
    this.#kept.set(set.label, { set, looks });
    return set;
  }
}
