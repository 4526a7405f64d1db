import { type Static, Type } from "typebox";
import { deviceStates } from "./device-state.ts";
import { deviceIdLimit } from "./reading.ts";
import { rejectionCodes } from "./rejection.ts";
import { severities } from "./scored.ts";

/** By the name of the channel: how much of a verdict it accounts for, 0 to 1; the weightiest few. */
export const SharesSchema = Type.Record(Type.String(), Type.Number());

export const LearningSchema = Type.Object(
  { readings: Type.Integer(), of: Type.Integer() },
  { description: "How many readings a series has learnt from, of those it needs to speak for itself." },
);

/** A sensor of a device with its newest reading, as `GET /api/v1/devices` gives it. */
export const SensorSummary = Type.Object({
  type: Type.String(),
  label: Type.String(),
  unit: Type.String(),
  timestampUs: Type.Integer({ description: "Of the newest reading, microseconds since the epoch." }),
  value: Type.Number(),
  score: Type.Number(),
  isAnomaly: Type.Boolean(),
  learning: Type.Union([Type.Null(), LearningSchema]),
});
export type SensorSummary = Readonly<Static<typeof SensorSummary>>;

/** Whether a device is connected over MQTT. */
const Connection = Type.Object({
  isOnline: Type.Boolean(),
  sinceUs: Type.Integer(),
  reason: Type.String({ description: "What it came to be by, as on `devices/{id}/status`." }),
});

export const DeviceSummary = Type.Object({
  id: Type.String(),
  active: Type.Boolean(),
  state: Type.Enum([...deviceStates], {
    description:
      "stale: late by twice the gap that is usual for it; offline: by five of them, or its connection broke; never-seen: provisioned only.",
  }),
  firstSeenUs: Type.Union([Type.Null(), Type.Integer()]),
  lastSeenUs: Type.Union([Type.Null(), Type.Integer()], {
    description: "When the platform last heard of it, microseconds since the epoch; null: never.",
  }),
  alarms: Type.Object(
    { open: Type.Integer(), severity: Type.Union([Type.Null(), Type.Enum([...severities])]) },
    { description: "How many are open, and how bad the worst is." },
  ),
  connection: Type.Union([Type.Null(), Connection], {
    description: "Null for a device that was never seen to speak MQTT itself.",
  }),
  sensors: Type.Array(SensorSummary),
});
export type DeviceSummary = Readonly<Static<typeof DeviceSummary>>;

export const DevicesAnswer = Type.Object({
  devices: Type.Array(DeviceSummary),
  inactive: Type.Integer({
    description: "How many were not heard of within ACTIVE_DEVICE_TIMEOUT_SECONDS, listed or not.",
  }),
  next: Type.Union([Type.Null(), Type.String()], {
    description: "What to ask as `cursor` for the next page; null at the end.",
  }),
});
export type DevicesAnswer = Readonly<Static<typeof DevicesAnswer>>;

/** `GET /api/v1/readings?device=a&device=b&limit=300`: the newest readings of every sensor of the devices named. */
export const ReadingsAnswer = Type.Object({
  series: Type.Array(
    Type.Object({
      deviceId: Type.String(),
      sensorType: Type.String(),
      /** Oldest first; each [timestampUs, value, score, isAnomaly as 0 or 1]. */
      points: Type.Array(Type.Tuple([Type.Integer(), Type.Number(), Type.Number(), Type.Integer()])),
    }),
  ),
});
export type ReadingsAnswer = Readonly<Static<typeof ReadingsAnswer>>;

/** An anomaly, and why it is one. */
export const AnomalySummary = Type.Object({
  deviceId: Type.String(),
  sensorType: Type.String(),
  timestampUs: Type.Integer(),
  value: Type.Number(),
  score: Type.Number(),
  confidence: Type.Number(),
  modelVersion: Type.String(),
  severity: Type.Enum([...severities]),
  sentence: Type.String(),
  expected: Type.Union([Type.Null(), Type.Object({ low: Type.Number(), high: Type.Number() })]),
  shares: SharesSchema,
  sensors: Type.Array(Type.String(), { description: "Of the device: those whose values spoke." }),
  learning: Type.Union([Type.Null(), LearningSchema]),
});
export type AnomalySummary = Readonly<Static<typeof AnomalySummary>>;

/** `GET /api/v1/anomalies?limit=100[&device=a][&from=…][&to=…][&cursor=…]`, newest first. */
export const AnomaliesAnswer = Type.Object({
  next: Type.Union([Type.Null(), Type.String()], {
    description: "What to ask as `cursor` for what is older; null when there is nothing.",
  }),
  anomalies: Type.Array(AnomalySummary),
});
export type AnomaliesAnswer = Readonly<Static<typeof AnomaliesAnswer>>;

/** `GET /api/v1/rejected?limit=100[&code=PAYLOAD_EMPTY][&device=a][&before=cursor]`, newest first. */
export const RejectedAnswer = Type.Object({
  rejected: Type.Array(
    Type.Object({
      id: Type.String(),
      code: Type.String(),
      reason: Type.String(),
      deviceId: Type.Union([Type.Null(), Type.String()]),
      source: Type.String(),
      payload: Type.String(),
      payloadBytes: Type.Integer({ description: "Of the whole message, as far as it is known." }),
      isCut: Type.Boolean({ description: "Whether `payload` is only its beginning, or nothing of it." }),
      receivedUs: Type.Integer(),
      isReplayable: Type.Boolean({ description: "Whether a replay at this moment would be taken." }),
      whyNot: Type.Optional(Type.String({ description: "When it would not, in a sentence." })),
    }),
  ),
  /** What to ask `before` for what is older; null when there is nothing. */
  next: Type.Union([Type.Null(), Type.String()]),
  /** How many there are of each code, of the device if one is named. */
  codes: Type.Array(Type.Object({ code: Type.String(), count: Type.Integer() })),
});
export type RejectedAnswer = Readonly<Static<typeof RejectedAnswer>>;

/** Most rejections that one request replays or discards. */
export const rejectionBatchLimit = 1000;

/** A misspelt `device` would discard what is of others. */
const strict = { additionalProperties: false };
const RejectionCursor = Type.String({ pattern: "^\\d{1,16}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" });

const Code = Type.Enum([...rejectionCodes]);

/** A device id in a question. PostgreSQL has no NUL in its texts. */
export const DeviceIdText = Type.String({ minLength: 1, maxLength: deviceIdLimit, pattern: "^[^\\u0000]*$" });

export const RejectedQuestion = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  before: Type.Optional(RejectionCursor),
  code: Type.Optional(Code),
  device: Type.Optional(DeviceIdText),
});
export type RejectedQuestion = Readonly<Static<typeof RejectedQuestion>>;

/** What `POST /api/v1/rejected/replay` and `.../discard` are about: these, or the oldest of a code. */
export const RejectedChoice = Type.Union([
  Type.Object(
    {
      ids: Type.Array(Type.String({ pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" }), {
        minItems: 1,
        maxItems: rejectionBatchLimit,
      }),
    },
    strict,
  ),
  Type.Object(
    {
      code: Code,
      device: Type.Optional(DeviceIdText),
      untilUs: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          description: "Only those received until then, so that nothing is touched that nobody has seen.",
        }),
      ),
      /** For a replay: the `next` of the answer before, so that what is refused again does not come first for ever. */
      after: Type.Optional(RejectionCursor),
    },
    strict,
  ),
]);
export type RejectedChoice = Readonly<Static<typeof RejectedChoice>>;

export const ReplayAnswer = Type.Object({
  replayed: Type.Integer(),
  failed: Type.Array(Type.Object({ id: Type.String(), code: Type.String(), reason: Type.String() })),
  /** How many of those chosen are still kept: refused again, or beyond what one request does. */
  left: Type.Integer(),
  /** Of a code: what to ask `after` for the rest; null when all of them were tried. */
  next: Type.Union([Type.Null(), Type.String()]),
});
export type ReplayAnswer = Readonly<Static<typeof ReplayAnswer>>;

export const DiscardAnswer = Type.Object({
  discarded: Type.Integer(),
  /** How many of those chosen are still kept. */
  left: Type.Integer(),
});
export type DiscardAnswer = Readonly<Static<typeof DiscardAnswer>>;

/** Where the doors are, so that the console can show lines a newcomer can copy: `GET /api/v1/doors`. */
export const DoorsAnswer = Type.Object({
  mqttHost: Type.String(),
  mqttPort: Type.Integer(),
  httpUrl: Type.String(),
  needsCredentials: Type.Boolean({ description: "MQTT: a device must be provisioned, and show who it is." }),
  needsKey: Type.Boolean({ description: "HTTP: `POST /data` takes a key or an API token." }),
});
export type DoorsAnswer = Readonly<Static<typeof DoorsAnswer>>;

const LedgerCounts = {
  received: Type.Integer({ description: "Readings taken in; a rejected message counts as one." }),
  stored: Type.Integer(),
  duplicate: Type.Integer({ description: "Readings that were stored before." }),
  rejected: Type.Integer(),
};

/** `GET /api/v1/ledger`: received = stored + duplicate + rejected + inFlight + difference. */
export const LedgerAnswer = Type.Object({
  ...LedgerCounts,
  inFlight: Type.Integer({ description: "Taken in, not yet accounted for." }),
  difference: Type.Integer({ description: "0; above, readings are missing; below, there are too many." }),
  state: Type.Union([Type.Literal("balanced"), Type.Literal("unbalanced")]),
});
export type LedgerAnswer = Readonly<Static<typeof LedgerAnswer>>;

/** `GET /api/v1/ledger/devices?after=a&limit=100`, by device id; messages that name no device are under the empty id. */
export const DeviceLedgersAnswer = Type.Object({
  devices: Type.Array(Type.Object({ deviceId: Type.String(), ...LedgerCounts })),
  /** What to ask `after` next; null at the end. */
  next: Type.Union([Type.Null(), Type.String()]),
});
export type DeviceLedgersAnswer = Readonly<Static<typeof DeviceLedgersAnswer>>;

/** `GET /api/v1/ledger/devices/{id}` */
export const DeviceLedgerAnswer = Type.Object({
  deviceId: Type.String(),
  ...LedgerCounts,
  inFlight: Type.Union([Type.Null(), Type.Integer()], {
    description: "Null while too much waits in its shard to look through.",
  }),
});
