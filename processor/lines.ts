import { allowances, type Tuning } from "../schema/tuning.ts";
import { targetRate } from "./target.ts";

const logAllowances = allowances.map((allowance) => Math.log(allowance));

/** The place of an allowance's line among those that every series keeps. */
export function lineOf({ allowance }: Pick<Tuning, "allowance">): number {
  return allowances.indexOf(allowance);
}

/** Natural logarithm of the false alarms a reading that a sensor with this time between readings is usually allowed. */
export function logTarget(intervalUs: number): number {
  return Math.log(targetRate(intervalUs));
}

/**
 * The strain on a line: exactly 1 on the usual one, more the fewer false alarms are allowed. Strain is the logarithm of how rarely a
 * surprise comes, in units of `logTarget`.
 */
export function strainAt(line: number, logTargetRate: number): number {
  return 1 + (logAllowances[line] ?? 0) / logTargetRate;
}
