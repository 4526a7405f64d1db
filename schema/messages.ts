import { Type } from "typebox";
import { AlarmRecord, AlarmSummary, alarmSeverities, alarmStates } from "./alarm.ts";
import { LearningSchema, SharesSchema } from "./api.ts";
import { presenceReasons } from "./presence.ts";
import { severities } from "./scored.ts";

// What goes over MQTT and Socket.IO, as others are told of it. Over MQTT in the words of the wire: snake case and ISO timestamps.

const Moment = Type.String({ description: "ISO 8601 with microseconds, UTC." });
const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const optionalText = Type.Union([Type.Null(), Type.String()]);
const Band = Type.Union([Type.Null(), Type.Object({ low: Type.Number(), high: Type.Number() })]);
const Learning = Type.Union([Type.Null(), LearningSchema]);
const Severity = Type.Enum([...severities]);

const DeviceTime = Type.Union([Type.String(), Type.Number()], {
  description: "ISO 8601, or an epoch number in s, ms or µs; without it the moment of arrival.",
});
const Metrics = Type.Object({
  device_id: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
  timestamp: Type.Optional(DeviceTime),
  metrics: Type.Array(
    Type.Object({ type: Type.String(), value: Type.Union([Type.Number(), Type.String()]) }),
  ),
});
const Flat = Type.Object(
  { timestamp: Type.Optional(DeviceTime) },
  { description: "Every other field is a sensor type with its value." },
);

/** On `devices/{id}/telemetry`. `schema/wire.ts` reads it; this says to others what that takes. */
export const TelemetryMessage = Type.Union([Metrics, Flat, Type.Array(Type.Union([Metrics, Flat]))]);

/** On `devices/{id}/telemetry/{type}`. */
export const ValueMessage = Type.Union([
  Type.Number(),
  Type.Object({ value: Type.Union([Type.Number(), Type.String()]), timestamp: Type.Optional(DeviceTime) }),
]);

/** On `devices/{id}/status`, retained. */
export const StatusMessage = Type.Object({
  status: Type.Enum(["online", "offline"]),
  since: Moment,
  reason: Type.Enum([...presenceReasons]),
});

const eventId = Type.String({ description: "Of the event; who has seen it has heard this." });

/** On `devices/{id}/anomalies`. */
export const AnomalyMessage = Type.Object({
  id: eventId,
  device_id: Type.String(),
  sensor_type: Type.String(),
  timestamp: Moment,
  value: Type.Number(),
  score: Type.Number({ minimum: 0, maximum: 1 }),
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
  severity: Severity,
  reason: Type.String(),
  expected: Band,
  shares: SharesSchema,
  sensors: Type.Array(Type.String()),
  learning: Learning,
  model: Type.String(),
});

const alarmFields = {
  alarm_id: Type.Integer(),
  version: Type.Integer(),
  change: AlarmRecord.properties.change,
  state: Type.Enum([...alarmStates]),
  device_id: Type.String(),
  sensor_type: Type.String(),
  rule: Type.String(),
  severity: Type.Enum([...alarmSeverities]),
  members: Type.Integer(),
  group: Type.Union([Type.Null(), Type.Integer()]),
  timestamp: Moment,
  by: Type.String(),
  comment: optionalText,
  raised: Moment,
  last: Moment,
  anomalies: Type.Integer(),
  value: Type.Union([Type.Null(), Type.Number()]),
  score: Type.Number(),
  reason: Type.String(),
  expected: Band,
  shares: SharesSchema,
  verdict: AlarmRecord.properties.verdict,
  assignee: optionalText,
  shelved_until: Type.Union([Type.Null(), Moment]),
};

/** On `devices/{id}/alarms` and `alarms/{rule}`. */
export const AlarmMessage = Type.Object({ id: eventId, ...alarmFields });

/** On `notifications/...`: what a route of the channel mqtt tells, as a webhook would get it. */
export const NotificationMessage = Type.Object({
  delivery: Type.String(),
  route: Type.String(),
  severity: Type.Enum([...alarmSeverities]),
  event: Type.String({ description: "What happened to the alarm; digest, or test." }),
  alarm: Type.Optional(Type.Object(alarmFields)),
  digest: Type.Optional(Type.Unknown()),
  by: Type.Optional(Type.String()),
  links: Type.Record(Type.String(), Type.String()),
});

/** On `devices/{id}/commands/{name}`. */
export const CommandMessage = Type.Object({
  id: Type.String(),
  expires: Moment,
  payload: Type.Unknown({ description: "Whatever was given with the command." }),
});

/** On `devices/{id}/commands/{name}/answer`. */
export const CommandAnswerMessage = Type.Object({
  id: Type.String({ description: "Of the command; the rest is the device's own." }),
});

/** Socket.IO `readings`. */
export const ReadingsEvent = Type.Array(
  Type.Object({
    deviceId: Type.String(),
    readings: Type.Array(
      Type.Tuple([Type.String(), Type.Integer(), Type.Number(), Type.Number(), Type.Enum([0, 1])], {
        description: "Sensor type, microseconds since the epoch, value, score, whether it is an anomaly.",
      }),
    ),
    bands: Type.Optional(
      Type.Array(Type.Tuple([Type.String(), Type.Integer(), Type.Number(), Type.Number()]), {
        description:
          "Of sensors of which it changed: sensor type, microseconds since the epoch, between which values readings are usual from then on.",
      }),
    ),
  }),
);

const AnomalyEvent = Type.Object({
  kind: Type.Literal("anomaly"),
  deviceId: Type.String(),
  sensorType: Type.String(),
  timestampUs: Instant,
  value: Type.Number(),
  score: Type.Number(),
  confidence: Type.Number(),
  modelVersion: Type.String(),
  severity: Severity,
  sentence: Type.String(),
  expected: Band,
  shares: SharesSchema,
  sensors: Type.Array(Type.String()),
  learning: Learning,
});
const { version: _, to: __, ...happened } = AlarmRecord.properties;
const AlarmEvent = Type.Object({
  kind: Type.Literal("alarm"),
  deviceId: Type.String(),
  ...happened,
  alarm: AlarmSummary,
});
const ActivityEvent = Type.Object({
  kind: Type.Enum(["device-active", "device-inactive"]),
  deviceId: Type.String(),
  atUs: Instant,
});

/** Socket.IO `event`. */
export const NumberedEvent = Type.Object({
  id: Type.String({ description: "Grows; what came after it can be asked for with `resume`." }),
  event: Type.Union([AnomalyEvent, AlarmEvent, ActivityEvent]),
});

/** Socket.IO `presence`. */
export const PresenceEvent = Type.Array(
  Type.Object({
    deviceId: Type.String(),
    isOnline: Type.Boolean(),
    sinceUs: Instant,
    reason: Type.Enum([...presenceReasons]),
  }),
);

/** Socket.IO `watch`, from a browser. */
export const WatchEvent = Type.Array(Type.String({ description: "A device id." }));

/** Socket.IO `resume`, from a browser; acknowledged with the newest event id. */
export const ResumeEvent = Type.Union([Type.Null(), Type.String()], {
  description: "The last event id heard of; null: nothing is to be sent again.",
});
