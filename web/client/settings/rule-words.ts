import type { Rule, RuleWish } from "../../../schema/rule.ts";
import { sensorLabel, sensorUnit } from "../../../schema/sensors.ts";
import { oneOf } from "../parts/one-of.ts";
import { formatSpan } from "../shell/format.ts";

type Condition = RuleWish["condition"];

/** A rule in a sentence: `Temperature above 80 °C for 5 min, on boiler-*: critical`. */
export function describeRule(rule: RuleWish): string {
  const { sensorType, condition, forSeconds, devices, severity, schedule } = rule;
  const lasting = forSeconds === 0 ? "" : ` for ${formatSpan(1000 * forSeconds)}`;
  const where = devices === null ? "" : `, on ${devices.join(", ")}`;
  const when =
    schedule === null
      ? ""
      : `, ${schedule.days.join(", ")} from ${schedule.from} to ${schedule.to} (${schedule.timeZone})`;
  return `${sensorLabel(sensorType)} ${describeCondition(condition, sensorType)}${lasting}${where}${when}: ${severity}`;
}

function describeCondition(
  { of, kind, limit, low, high, hysteresis }: Condition,
  sensorType: string,
): string {
  const unit = sensorUnit(sensorType);
  const per = of === "rate" ? `${unit} a minute` : unit;
  const end = per === "" ? "" : ` ${per}`;
  const bounds = kind === "above" || kind === "below" ? `${limit}` : `${low} to ${high}`;
  const what = of === "rate" ? "changes by " : "";
  const back = hysteresis > 0 ? `, over when ${hysteresis} behind it` : "";
  return `${what}${kind} ${bounds}${end}${back}`;
}

/** What a form for a rule has in it, as it was typed. */
export type RuleFields = Readonly<
  Record<
    | "name"
    | "sensorType"
    | "devices"
    | "of"
    | "overSeconds"
    | "kind"
    | "limit"
    | "low"
    | "high"
    | "hysteresis"
    | "forSeconds"
    | "clearSeconds"
    | "severity",
    string
  >
> & { readonly schedule: RuleWish["schedule"] };

/** The rule that a form asks for, switched on unless it was switched off `before`. */
export function wishOf(fields: RuleFields, before: RuleWish | undefined): RuleWish {
  const kind = oneOf(["above", "below", "outside", "inside"] as const, fields.kind);
  const of = oneOf(["value", "rate"] as const, fields.of);
  const ends =
    kind === "above" || kind === "below"
      ? { limit: Number(fields.limit) }
      : { low: Number(fields.low), high: Number(fields.high) };
  const devices = fields.devices.split(/[\s,]+/).filter((part) => part !== "");
  return {
    name: fields.name.trim(),
    sensorType: fields.sensorType.trim(),
    devices: devices.length === 0 ? null : devices,
    condition: {
      ...{ of, kind, ...ends },
      hysteresis: Number(fields.hysteresis || "0"),
      overSeconds: Number(fields.overSeconds || "60"),
    },
    forSeconds: Number(fields.forSeconds || "0"),
    schedule: fields.schedule,
    severity: oneOf(["minor", "major", "critical"] as const, fields.severity),
    clearSeconds: Number(fields.clearSeconds || "60"),
    isEnabled: before?.isEnabled ?? true,
  };
}

/** What a form shows of a rule. */
export function fieldsOf({ name, sensorType, devices, condition, ...rule }: RuleWish): RuleFields {
  const { of, kind, limit, low, high, hysteresis, overSeconds } = condition;
  const text = (value: number | undefined) => (value === undefined ? "" : String(value));
  return {
    ...{ name, sensorType, devices: (devices ?? []).join(", "), of, kind, severity: rule.severity },
    ...{ limit: text(limit), low: text(low), high: text(high) },
    ...{ hysteresis: text(hysteresis), overSeconds: text(overSeconds) },
    ...{ forSeconds: text(rule.forSeconds), clearSeconds: text(rule.clearSeconds), schedule: rule.schedule },
  };
}

/** A rule as the server wants it back, without what only the server says of it. */
export function toWish({
  id: _id,
  version: _version,
  changedBy: _by,
  changedUs: _at,
  ...wish
}: Rule): RuleWish {
  return wish;
}
