import { type Static, Type } from "typebox";
import { DeviceIdText, SharesSchema } from "./api.ts";
import { accessNamePattern } from "./operator.ts";
import { sensorTypeLimit } from "./reading.ts";
import { severityOf } from "./scored.ts";
import { PreviewSummary } from "./tuning.ts";
import { isUnacknowledged } from "./unseen.ts";

/** What raises an alarm when the detector finds an anomaly. */
export const anomalyRule = "anomaly";

/** What raises an alarm when a sensor, or a whole device, is not heard of any more. */
export const silentRule = "silent";

/** Who does what no operator did. */
export const platformActor = "platform";

export const alarmStates = ["raised", "acknowledged", "cleared"] as const;
const State = Type.Enum([...alarmStates]);
export type AlarmState = Static<typeof State>;

/** What can happen to an alarm. Those that leave the state as it is have a version of their own, too. */
const changes = [
  "raised",
  "worsened",
  "acknowledged",
  "commented",
  "assigned",
  "judged",
  "shelved",
  "unshelved",
  "cleared",
] as const;
const Change = Type.Enum([...changes]);
export type AlarmChange = Static<typeof Change>;

/** How bad an alarm can be, from the least on. */
export const alarmSeverities = ["minor", "major", "critical"] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];

/** The severity of an alarm as the store has it, from 1. */
export function rankOfSeverity(severity: AlarmSeverity): number {
  return alarmSeverities.indexOf(severity) + 1;
}

/** Likewise, of a score of 0 to 1: what is an alarm at all is minor at least. */
export function rankOf(score: number): number {
  const severity = severityOf(score);
  return severity === "none" ? 1 : rankOfSeverity(severity);
}

export function severityOfRank(rank: number): AlarmSeverity {
  return alarmSeverities[rank - 1] ?? "minor";
}
const verdicts = ["confirmed", "false-alarm"] as const;
const Verdict = Type.Enum([...verdicts]);
/** What operators made of an alarm when they knew what it was about. */
export type AlarmVerdict = Static<typeof Verdict>;

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const OptionalText = Type.Union([Type.Null(), Type.String()]);

export const AlarmSummary = Type.Object({
  id: Type.Integer({ description: "Grows; the younger alarm has the higher one." }),
  deviceId: Type.String({ description: "Empty when it is about many." }),
  sensorType: Type.String({ description: "Empty when it is about whole devices." }),
  rule: Type.String({
    description: "What raised it: anomaly, silent, or rule-12 for an operator's own rule 12.",
  }),
  severity: Type.Enum([...alarmSeverities], {
    description: "Of the worst that was in it; never falls while it is open.",
  }),
  state: State,
  version: Type.Integer({ description: "From 1; grows with everything that happens to it but anomalies." }),
  raisedUs: Type.Integer({
    description: "Of the first anomalous reading in it, microseconds since the epoch.",
  }),
  lastUs: Type.Integer({ description: "Of the newest." }),
  clearedUs: Type.Union([Type.Null(), Instant]),
  anomalies: Type.Integer({ description: "Anomalous readings in it." }),
  peak: Type.Object(
    {
      score: Type.Number(),
      value: Type.Union([Type.Null(), Type.Number()]),
      sentence: Type.String(),
      expected: Type.Union([Type.Null(), Type.Object({ low: Type.Number(), high: Type.Number() })]),
      shares: SharesSchema,
    },
    { description: "The reading with the highest score; without a value when it was none." },
  ),
  acknowledgedBy: Type.Union([Type.Null(), Type.String()], {
    description: "Who acknowledged it, or cleared it unacknowledged: they have seen it, too.",
  }),
  assignee: OptionalText,
  shelvedUntilUs: Type.Union([Type.Null(), Instant], {
    description: "Until then it stays open and says nothing. Null when it is not shelved.",
  }),
  group: Type.Union([Type.Null(), Type.Integer()], {
    description: "The alarm it is a part of, when many devices had the same at once.",
  }),
  members: Type.Integer({
    description: "Of such an alarm, which has no device: how many were taken into it. Of all others 0.",
  }),
  judgement: Type.Union([
    Type.Null(),
    Type.Object({ verdict: Verdict, by: Type.String(), atUs: Instant, note: OptionalText }),
  ]),
});
/** An alarm: one episode of one sensor. */
export type AlarmSummary = Readonly<Static<typeof AlarmSummary>>;

export const AlarmRecord = Type.Object({
  version: Type.Integer(),
  change: Change,
  from: Type.Union([Type.Null(), State]),
  to: State,
  by: Type.String({ description: "As in the record of changes; `platform` when nobody did it." }),
  atUs: Instant,
  comment: OptionalText,
  verdict: Type.Union([Type.Null(), Verdict], { description: "Of `judged`; null when it was taken back." }),
});
/** One thing that happened to an alarm. */
export type AlarmRecord = Readonly<Static<typeof AlarmRecord>>;

/** Which alarms: a state, or what is `open` (not cleared, not shelved), `shelved` or `unseen` (cleared, and acknowledged by nobody). */
export const alarmGroups = ["open", "shelved", "unseen", ...alarmStates] as const;
export type AlarmGroup = (typeof alarmGroups)[number];

const AlarmId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const AlarmParams = Type.Object({ id: AlarmId });

export const AlarmsQuestion = Type.Object({
  state: Type.Optional(
    Type.Enum([...alarmGroups], {
      description: "open: not cleared, not shelved. unseen: cleared, and acknowledged by nobody.",
    }),
  ),
  device: Type.Optional(DeviceIdText),
  sensor: Type.Optional(
    Type.String({
      maxLength: sensorTypeLimit,
      pattern: "^[^\\u0000]*$",
      description: "Empty: about whole devices.",
    }),
  ),
  rule: Type.Optional(Type.String({ pattern: "^[a-z]+(-\\d+)?$", maxLength: 32 })),
  at: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "Only those that had begun then and went on, microseconds since the epoch.",
    }),
  ),
  group: Type.Optional(AlarmId),
  fold: Type.Boolean({ default: false, description: "Leaves out what belongs to a group." }),
  after: Type.Optional(AlarmId),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
});
export type AlarmsQuestion = Readonly<Static<typeof AlarmsQuestion>>;

/**
 * `GET /api/v1/alarms?state=open[&device=a][&sensor=type][&rule=anomaly][&at=us][&group=id][&fold=true][&after=id]&limit=100`, newest
 * first.
 */
export const AlarmsAnswer = Type.Object({
  alarms: Type.Array(AlarmSummary),
  /** What to ask `after` for what is older; null when there is nothing. */
  next: Type.Union([Type.Null(), Type.Integer()]),
});
export type AlarmsAnswer = Readonly<Static<typeof AlarmsAnswer>>;

/** `GET /api/v1/alarms/{id}`, events oldest first; and, without events, what a change answers. */
export const AlarmAnswer = Type.Object({
  alarm: AlarmSummary,
  events: Type.Array(AlarmRecord),
  suggestion: Type.Union([Type.Null(), PreviewSummary], {
    description: "After several false alarms of its sensor: a tuning that would have removed them.",
  }),
});
export type AlarmAnswer = Readonly<Static<typeof AlarmAnswer>>;
export const AlarmChangedAnswer = Type.Object({ alarm: AlarmSummary });
export type AlarmChangedAnswer = Readonly<Static<typeof AlarmChangedAnswer>>;

/** Longest comment, in characters. */
const commentLimit = 2000;
/** Longest time on the shelf, seconds. */
const shelfLimit = 30 * 86_400;

const Comment = Type.String({ minLength: 1, maxLength: commentLimit, pattern: "^[^\\u0000]*$" });
const seen = {
  version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: "The version that was looked at." }),
};
const told = { ...seen, comment: Type.Optional(Comment) };
const strict = { additionalProperties: false };

/** The bodies of `POST /api/v1/alarms/{id}/...`. */
export const AlarmBodies = {
  acknowledge: Type.Object(told, strict),
  comment: Type.Object({ ...seen, comment: Comment }, strict),
  assign: Type.Object(
    {
      ...told,
      assignee: Type.Union([Type.Null(), Type.String({ pattern: accessNamePattern })], {
        description: "Null: nobody any more.",
      }),
    },
    strict,
  ),
  shelve: Type.Object(
    {
      ...told,
      seconds: Type.Integer({
        minimum: 0,
        maximum: shelfLimit,
        description: "From now on; 0 takes it off the shelf.",
      }),
    },
    strict,
  ),
  clear: Type.Object(told, strict),
  feedback: Type.Object(
    {
      ...seen,
      verdict: Type.Enum([...verdicts, "none"], { description: "none takes it back." }),
      note: Type.Optional(Comment),
    },
    strict,
  ),
};

/** What an operator wants done. */
export type AlarmWish =
  | { readonly kind: "acknowledge" | "comment" | "clear" }
  | { readonly kind: "assign"; readonly assignee: string | null }
  | { readonly kind: "shelve"; readonly seconds: number }
  | { readonly kind: "feedback"; readonly verdict: AlarmVerdict | null };

/** What a wish makes of an alarm that stands so; null when it cannot be granted there. */
export function stepOf(
  alarm: Pick<AlarmSummary, "state" | "acknowledgedBy">,
  wish: AlarmWish,
): { readonly change: AlarmChange; readonly to: AlarmState } | null {
  const { state } = alarm;
  const isOver = state === "cleared";
  if (wish.kind === "comment") return { change: "commented", to: state };
  if (wish.kind === "feedback") return { change: "judged", to: state };
  if (wish.kind === "acknowledge")
    return isUnacknowledged(alarm) ? { change: "acknowledged", to: isOver ? state : "acknowledged" } : null;
  if (isOver) return null;
  switch (wish.kind) {
    case "assign":
      return { change: "assigned", to: state };
    case "shelve":
      return { change: wish.seconds > 0 ? "shelved" : "unshelved", to: state };
    case "clear":
      return { change: "cleared", to: "cleared" };
  }
}
