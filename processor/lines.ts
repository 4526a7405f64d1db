import { allowances, type Tuning } from "../schema/tuning.ts";
import { targetRate } from "./target.ts";

const logAllowances = allowances.map((allowance) => Math.log(allowance));

/** The place of an allowance's line among those that every series keeps. */
export function lineOf({ allowance }: Pick<Tuning, "allowance">): number {
  return allowances.indexOf(allowance);
}

/** Two heads judge, and together they may call as often as is allowed. */
const shareOfEach = 0.5;

/** Natural logarithm of the false alarms a reading that each head is usually allowed of a sensor with this time between readings. */
export function logTarget(intervalUs: number): number {
  return Math.log(shareOfEach * targetRate(intervalUs));
}

/**
 * The strain on a line: exactly 1 on the usual one, more the fewer false alarms are allowed. Strain is the logarithm of how rarely a
 * surprise comes, in units of `logTarget`.
 */
export function strainAt(line: number, logTargetRate: number): number {
  return 1 + (logAllowances[line] ?? 0) / logTargetRate;
}
