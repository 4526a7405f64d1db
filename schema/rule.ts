import { type Static, Type } from "typebox";
import { alarmSeverities } from "./alarm.ts";
import { isRecord } from "./fields.ts";
import { isDeviceId, isSensorType } from "./reading.ts";
import { isTimeZone, minuteOf, weekdays } from "./schedule.ts";

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "^[^\\u0000]*$" });
const Seconds = (maximum: number, fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum, default: fallback, description });
const strict = { additionalProperties: false };
/** Finite, and far from where a float ends: a band around it must be finite, too. */
const Quantity = Type.Number({ minimum: -1e300, maximum: 1e300 });

const Condition = Type.Object(
  {
    of: Type.Enum(["value", "rate"], {
      default: "value",
      description: "What is looked at: the value, or its change per minute.",
    }),
    kind: Type.Enum(["above", "below", "outside", "inside"]),
    limit: Type.Optional(Quantity),
    low: Type.Optional(Quantity),
    high: Type.Optional(Quantity),
    hysteresis: Type.Number({
      minimum: 0,
      maximum: 1e300,
      default: 0,
      description: "How far behind the limit it must be back for the condition to be over.",
    }),
    overSeconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: 60,
      description: "Of a rate: against the newest reading that is at least so old.",
    }),
  },
  strict,
);

const Schedule = Type.Object(
  {
    timeZone: Type.String({ minLength: 1, maxLength: 64, description: "As IANA names it." }),
    days: Type.Array(Type.Enum([...weekdays]), { minItems: 1, maxItems: 7 }),
    from: Type.String({ pattern: "^([01]\\d|2[0-3]):[0-5]\\d$" }),
    to: Type.String({ pattern: "^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$" }),
  },
  {
    ...strict,
    description:
      "Only then; by the clock of the reading. Past midnight when it ends before it begins, as of the day it begins.",
  },
);

const wish = {
  name: Text(100),
  sensorType: Text(64),
  devices: Type.Union([Type.Null(), Type.Array(Text(128), { minItems: 1, maxItems: 1000 })], {
    default: null,
    description: "Device ids, with * for any number of characters. Null: all.",
  }),
  condition: Condition,
  forSeconds: Seconds(
    7 * 86_400,
    0,
    "How long the condition must have gone on, by the clock of the readings.",
  ),
  schedule: Type.Union([Type.Null(), Schedule], { default: null }),
  severity: Type.Enum([...alarmSeverities], { default: "major" }),
  clearSeconds: Seconds(7 * 86_400, 60, "How long it must be over for the alarm to clear."),
  isEnabled: Type.Boolean({ default: true }),
};

/** What an operator wants to be told of: the body of `POST /api/v1/rules`. */
export const RuleBody = Type.Object(wish, strict);
export type RuleWish = Readonly<Static<typeof RuleBody>>;

const seen = Type.Integer({
  minimum: 1,
  maximum: 2 ** 31 - 1,
  description: "The version that was looked at.",
});

/** `PUT /api/v1/rules/{id}`: the whole rule anew. */
export const RuleChangeBody = Type.Object({ version: seen, ...wish }, strict);
export type RuleChangeBody = Readonly<Static<typeof RuleChangeBody>>;

/** `DELETE /api/v1/rules/{id}?version=1` */
export const RuleRemovalQuestion = Type.Object({ version: seen });

export const RuleParams = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

export const Rule = Type.Object({
  id: Type.Integer(),
  version: Type.Integer({ description: "From 1; grows with every change." }),
  ...wish,
  changedBy: Type.String({ description: "As in the record of changes." }),
  changedUs: Type.Integer({ description: "Microseconds since the epoch." }),
});
/** A rule as it stands. */
export type Rule = Readonly<Static<typeof Rule>>;

/** `GET /api/v1/rules`, by name. */
export const RulesAnswer = Type.Object({ rules: Type.Array(Rule) });
export type RulesAnswer = Readonly<Static<typeof RulesAnswer>>;
export const RuleAnswer = Type.Object({ rule: Rule });

/** Parts that the time a rate is taken over is divided into; of each the last reading is remembered. */
export const rateParts = 8;

/** What the alarms of a rule name as theirs. */
export function alarmRuleOf({ id }: Pick<Rule, "id">): string {
  return `rule-${id}`;
}

/** The limits of a condition: an end that it does not have is infinite. */
export function boundsOf({ kind, limit = 0, low = 0, high = 0 }: RuleWish["condition"]) {
  switch (kind) {
    case "above":
      return { low: Number.NEGATIVE_INFINITY, high: limit };
    case "below":
      return { low: limit, high: Number.POSITIVE_INFINITY };
    case "outside":
    case "inside":
      return { low, high };
  }
}

/** Whether a body says null where a number belongs; the reading of bodies would make a 0 of it. */
export function hasNullLimit(body: unknown): boolean {
  if (!isRecord(body) || !isRecord(body["condition"])) return false;
  return Object.values(body["condition"]).includes(null);
}

/** What is wrong with a rule beyond its shape, in a sentence that says what to do; undefined when nothing is. */
export function ruleFault(rule: RuleWish): string | undefined {
  const fault = scopeFault(rule) ?? conditionFault(rule.condition) ?? scheduleFault(rule.schedule);
  return fault === undefined ? undefined : `rule “${rule.name}”: ${fault}`;
}

function scopeFault({ sensorType, devices }: RuleWish): string | undefined {
  if (!isSensorType(sensorType))
    return "sensorType must be a text of 1 to 64 characters without / + # or control characters";
  const odd = devices?.find((pattern) => !isDeviceId(pattern));
  return odd === undefined
    ? undefined
    : `"${odd}" can be no device id; name ids, or patterns such as boiler-*`;
}

function conditionFault(condition: RuleWish["condition"]): string | undefined {
  const { kind, limit, low, high, hysteresis } = condition;
  if (kind === "above" || kind === "below") {
    if (limit === undefined || low !== undefined || high !== undefined)
      return `"${kind}" needs limit, and neither low nor high`;
    return undefined;
  }
  if (low === undefined || high === undefined || limit !== undefined)
    return `"${kind}" needs low and high, and no limit`;
  if (low >= high) return `low ${low} must be less than high ${high}; swap them`;
  if (kind === "outside" && 2 * hysteresis > high - low)
    return `with a hysteresis of ${hysteresis} nothing between ${low} and ${high} ends it; at most ${(high - low) / 2} does`;
  return undefined;
}

function scheduleFault(schedule: RuleWish["schedule"]): string | undefined {
  if (schedule === null) return undefined;
  if (!isTimeZone(schedule.timeZone))
    return `there is no time zone "${schedule.timeZone}"; write it as Europe/Berlin or UTC`;
  if (minuteOf(schedule.from) === minuteOf(schedule.to))
    return `the schedule ends when it begins, at ${schedule.from}; for whole days let it go from 00:00 to 24:00`;
  return undefined;
}
