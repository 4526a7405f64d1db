/**
 * How many false alarms a series is allowed, as a multiple of the usual (`processor/target.ts`). Every series keeps a line of its own for
 * each of them, so what is not among these cannot be wished for.
 */
export const allowances = [10, 1, 0.1, 0.01, 0.001, 0.0001] as const;
export type Allowance = (typeof allowances)[number];

/** What can be left unsaid altogether: that a sensor is stuck, of one that rests for hours. */
export const mutables = ["stuck"] as const;
export type Mutable = (typeof mutables)[number];

/** What operators made of the line between ordinary and anomalous. */
export interface Tuning {
  readonly allowance: Allowance;
  readonly mutes: readonly Mutable[];
}

/** As it is while nobody wished for anything else. */
export const usualTuning: Tuning = { allowance: 1, mutes: [] };
