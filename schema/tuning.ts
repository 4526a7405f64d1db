import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { sensorTypeLimit } from "./reading.ts";

/**
 * How many false alarms a series is allowed, as a multiple of the usual (`processor/target.ts`). Every series keeps a line of its own for
 * each of them, so what is not among these cannot be wished for.
 */
export const allowances = [10, 1, 0.1, 0.01, 0.001, 0.0001] as const;

const mutables = ["stuck"] as const;

export const Tuning = Type.Object(
  {
    allowance: Type.Enum([...allowances], {
      description: "False alarms that are allowed, as a multiple of the usual: 0.1 is ten times fewer.",
    }),
    mutes: Type.Array(Type.Enum([...mutables]), {
      maxItems: mutables.length,
      uniqueItems: true,
      description: "What is not told at all: `stuck`, of a sensor that rests for hours.",
    }),
  },
  { additionalProperties: false },
);
/** What operators made of the line between ordinary and anomalous. */
export type Tuning = Readonly<Static<typeof Tuning>>;

/** As it is while nobody wished for anything else. */
export const usualTuning: Tuning = { allowance: 1, mutes: [] };

export function isSameTuning(one: Tuning, other: Tuning): boolean {
  return one.allowance === other.allowance && String(one.mutes) === String(other.mutes);
}

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const SensorTypeText = Type.String({ minLength: 1, maxLength: sensorTypeLimit, pattern: "^[^\\u0000]*$" });

const scope = {
  sensorType: Type.String(),
  deviceId: Type.Union([Type.Null(), Type.String()], {
    description: "Null: all devices of the type that have no tuning of their own.",
  }),
};
const asked = {
  sensorType: SensorTypeText,
  deviceId: Type.Optional(Type.Union([Type.Null(), DeviceIdText])),
};

const TuningScope = Type.Object(scope);
/** Whose line it is. */
export type TuningScope = Readonly<Static<typeof TuningScope>>;

const TuningSummary = Type.Object({
  id: Id,
  ...scope,
  tuning: Type.Union([Type.Null(), Tuning], { description: "Null: none of its own any more." }),
  by: Type.String(),
  atUs: Instant,
});
/** The tuning of a scope, as somebody left it. */
export type TuningSummary = Readonly<Static<typeof TuningSummary>>;

/** `GET /api/v1/tunings`: the newest of each scope, by sensor type and device. */
export const TuningsAnswer = Type.Object({ tunings: Type.Array(TuningSummary) });
export const TuningAnswer = Type.Object({ tuning: TuningSummary });
export type TuningAnswer = Readonly<Static<typeof TuningAnswer>>;

export const fates = ["kept", "hidden", "removed", "unclear"] as const;
const Fate = Type.Enum([...fates], {
  description:
    "kept; hidden: somebody had confirmed it; removed; unclear: the replay does not find it with the tuning of today either.",
});
/** What would have become of an alarm. */
export type Fate = Static<typeof Fate>;

const PreviewedAlarm = Type.Object({
  id: Id,
  deviceId: Type.String(),
  sensorType: Type.String(),
  raisedUs: Instant,
  sentence: Type.String(),
  verdict: Type.Union([Type.Null(), Type.String()]),
  fate: Fate,
});
/** An alarm of the time that was replayed. */
export type PreviewedAlarm = Readonly<Static<typeof PreviewedAlarm>>;

const PreviewOutcome = Type.Object({
  from: Tuning,
  to: Tuning,
  sentence: Type.String(),
  sinceUs: Instant,
  untilUs: Instant,
  series: Type.Object(
    { replayed: Type.Integer(), all: Type.Integer() },
    { description: "Of a type those with most alarms come first; the counts are of what was replayed." },
  ),
  readings: Type.Integer(),
  alarms: Type.Integer({ description: "Raised in that time: kept + hidden + removed + unclear." }),
  kept: Type.Integer(),
  removed: Type.Integer(),
  hidden: Type.Integer(),
  unclear: Type.Integer(),
  falseAlarms: Type.Object({ all: Type.Integer(), removed: Type.Integer() }),
  added: Type.Integer({ description: "Alarms that there would have been besides." }),
  list: Type.Array(PreviewedAlarm, { description: "The newest first, a hundred at most." }),
});
/** What a tuning would have changed. */
export type PreviewOutcome = Readonly<Static<typeof PreviewOutcome>>;

export const PreviewSummary = Type.Object({
  id: Id,
  ...scope,
  days: Type.Integer(),
  wish: Type.Union([Type.Null(), Tuning]),
  state: Type.Enum(["waiting", "done", "failed"]),
  by: Type.String(),
  askedUs: Instant,
  outcome: Type.Union([Type.Null(), PreviewOutcome]),
  failure: Type.Union([Type.Null(), Type.String()]),
  isCurrent: Type.Boolean({ description: "Whether no tuning of this scope was changed since." }),
});
/** A preview, with its outcome once there is one. */
export type PreviewSummary = Readonly<Static<typeof PreviewSummary>>;

export const PreviewAnswer = Type.Object({ preview: PreviewSummary });
export type PreviewAnswer = Readonly<Static<typeof PreviewAnswer>>;

export const PreviewParams = Type.Object({ id: Id });

/** `POST /api/v1/tunings/preview` */
export const PreviewBody = Type.Object(
  {
    ...asked,
    wish: Type.Optional(Tuning),
    days: Type.Integer({ minimum: 1, maximum: 30, default: 7 }),
  },
  { additionalProperties: false },
);
export type PreviewBody = Readonly<Static<typeof PreviewBody>>;

/** `POST /api/v1/tunings`: what was previewed comes true. */
export const ApplyBody = Type.Object({ preview: Id }, { additionalProperties: false });

/** `POST /api/v1/tunings/rollback`: what was before this tuning comes back. */
export const RollbackBody = Type.Object({ id: Id }, { additionalProperties: false });
