import { deviceMatcher } from "../schema/device-pattern.ts";
import { alarmRuleOf, boundsOf, type Rule } from "../schema/rule.ts";
import { newTimetable } from "../schema/schedule.ts";
import type { Severity } from "../schema/scored.ts";
import { plain, subject, withUnit } from "./explanation.ts";

/** How a quantity stands to a condition; `near` is over its limit no more, and not yet as far back as the hysteresis asks. */
export type Verdict = "broken" | "near" | "well";

/** A rule made ready to be asked for every reading. */
export interface ReadyRule {
  /** As its alarms name it. */
  readonly key: string;
  readonly rule: Rule;
  readonly forUs: number;
  /** Microseconds; 0 where the value is looked at. */
  readonly overUs: number;
  isAbout(deviceId: string): boolean;
  /** Whether it is to be looked at, by the clock of the reading. */
  isDue(timestampUs: number): boolean;
  judge(quantity: number): Verdict;
  /** How bad it is, 0 to 1: further out is worse, within the severity of the rule. */
  scoreOf(quantity: number): number;
  sentence(value: number, quantity: number): string;
  readonly expected: { readonly low: number; readonly high: number } | null;
}

/** The rules by the sensor type they are about; types without one are not in it. */
export type RuleIndex = ReadonlyMap<string, readonly ReadyRule[]>;

/** Makes rules ready, but for those that are not enabled. */
export function indexRules(rules: readonly Rule[]): RuleIndex {
  const index = new Map<string, ReadyRule[]>();
  for (const rule of rules) {
    if (!rule.isEnabled) continue;
    const ofType = index.get(rule.sensorType) ?? [];
    ofType.push(makeReady(rule));
    index.set(rule.sensorType, ofType);
  }
  return index;
}

function makeReady(rule: Rule): ReadyRule {
  const { condition, schedule } = rule;
  const { kind, hysteresis } = condition;
  const { low, high } = boundsOf(condition);
  const isOutside = kind !== "inside";
  const isOut = (quantity: number): boolean => quantity < low || quantity > high;
  const isBack = isOutside
    ? (quantity: number) => quantity >= low + hysteresis && quantity <= high - hysteresis
    : (quantity: number) => quantity < low - hysteresis || quantity > high + hysteresis;
  const scale = scaleOf(low, high);
  return {
    key: alarmRuleOf(rule),
    rule,
    forUs: rule.forSeconds * 1e6,
    overUs: condition.of === "rate" ? condition.overSeconds * 1e6 : 0,
    isAbout: deviceMatcher(rule.devices),
    isDue: schedule === null ? () => true : newTimetable(schedule),
    judge: (quantity) => {
      if (isOut(quantity) === isOutside) return "broken";
      return isBack(quantity) ? "well" : "near";
    },
    scoreOf: (quantity) => {
      const excess = isOutside
        ? Math.max(low - quantity, quantity - high)
        : Math.min(quantity - low, high - quantity);
      return scoreWithin(rule.severity, excess / scale);
    },
    sentence: (value, quantity) => sentenceOf(rule, value, quantity),
    expected: kind === "outside" && condition.of === "value" ? { low, high } : null,
  };
}

/** What distances are measured in: the width of the band, or the size of the limit. */
function scaleOf(low: number, high: number): number {
  if (Number.isFinite(low) && Number.isFinite(high)) return high - low;
  return Math.abs(Number.isFinite(low) ? low : high) || 1;
}

const bands: Readonly<Record<Exclude<Severity, "none">, readonly [number, number]>> = {
  minor: [0.51, 0.79],
  major: [0.81, 0.94],
  critical: [0.96, 1],
};

function scoreWithin(severity: Exclude<Severity, "none">, excess: number): number {
  const [from, to] = bands[severity];
  const share = excess > 0 ? Math.min(excess, 1e9) / (1 + Math.min(excess, 1e9)) : 0;
  return from + share * (to - from);
}

function sentenceOf(
  { name, sensorType, condition, forSeconds }: Rule,
  value: number,
  quantity: number,
): string {
  const isRate = condition.of === "rate";
  const { kind, limit = 0, low = 0, high = 0 } = condition;
  const bounds = kind === "above" || kind === "below" ? plain(limit) : `${plain(low)} to ${plain(high)}`;
  const unit = withUnit(sensorType, bounds);
  const change = isRate
    ? `, ${quantity < 0 ? "falling" : "rising"} by ${withUnit(sensorType, plain(Math.abs(quantity)))} a minute`
    : "";
  const span = forSeconds === 0 ? "" : ` for ${spanOf(forSeconds)}`;
  return `${subject(sensorType, value)}${change}; rule “${name}”: ${kind} ${unit}${isRate ? " a minute" : ""}${span}.`;
}

function spanOf(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
