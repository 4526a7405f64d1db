import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { sensorTypes } from "./sensors.ts";

/** As a reading's row names a version: `co2@2`. */
export function modelName(sensorType: string, version: number): string {
  return `${sensorType}@${version}`;
}

/** The model that a sensor type comes with, as rows name it; null for a type that has none. */
export function factoryName(sensorType: string): string | null {
  const hasFactory = (sensorTypes.get(sensorType)?.typical ?? null) !== null;
  return hasFactory ? `${sensorType}@factory-2` : null;
}

const State = Type.Enum(["active", "candidate", "retired"]);

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const Count = Type.Integer();
const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const OptionalVersion = Type.Union([Type.Null(), Type.Integer()], {
  description: "Null: the model the type comes with, or none.",
});

const SeriesRange = Type.Object({
  deviceId: Type.String(),
  fromUs: Instant,
  untilUs: Instant,
  readings: Count,
});
/** The readings of one device that a model learnt from: those in time between these two, both included. */
export type SeriesRange = Readonly<Static<typeof SeriesRange>>;

const Metrics = Type.Object({
  limit: Type.Number({ description: "The evidence at which a reading becomes an anomaly." }),
  tookMs: Type.Integer({ description: "What growing and comparing it took." }),
});
export type ModelMetrics = Readonly<Static<typeof Metrics>>;

const Flagged = Type.Object({ readings: Count, episodes: Count });
const Example = Type.Object({
  deviceId: Type.String(),
  timestampUs: Instant,
  value: Type.Number(),
  sentence: Type.String(),
});
/** A reading that one model flags and the other does not. */
export type ModelExample = Readonly<Static<typeof Example>>;

const Comparison = Type.Object({
  fromUs: Instant,
  untilUs: Instant,
  readings: Type.Integer({ description: "Judged by both; those before a series had learnt enough are not." }),
  active: Flagged,
  candidate: Flagged,
  both: Count,
  onlyActive: Type.Array(Example),
  onlyCandidate: Type.Array(Example),
});
/** What two models make of the same history. */
export type ModelComparison = Readonly<Static<typeof Comparison>>;

const Shadow = Type.Object({ readings: Count, active: Count, candidate: Count, both: Count });
/** Live readings judged by both, and of them those that the active model flagged, the candidate would have, and both. */
export type ShadowCounts = Readonly<Static<typeof Shadow>>;

const summary = {
  version: Type.Integer(),
  name: Type.String({ description: "As the rows of readings name it." }),
  state: State,
  createdUs: Instant,
  createdBy: Type.String(),
  parent: OptionalVersion,
  before: OptionalVersion,
  seed: Type.Integer(),
  rows: Type.Integer({ description: "Rows the forest was grown from." }),
  digest: Type.Union([Type.Null(), Type.String()], { description: "SHA-256 of the compiled model." }),
  isKept: Type.Boolean({ description: "Whether the compiled model is kept; else it can be grown again." }),
  verifiedUs: Type.Union([Type.Null(), Instant], {
    description: "When it was last grown again, to the same bytes.",
  }),
  learntFrom: Type.Union([
    Type.Null(),
    Type.Object({ fromUs: Instant, untilUs: Instant, devices: Count, readings: Count }),
  ]),
  metrics: Type.Union([Type.Null(), Metrics]),
  shadow: Shadow,
};

export const ModelSummary = Type.Object(summary);
export type ModelSummary = Readonly<Static<typeof ModelSummary>>;

/** A version with everything that is known of it. */
export const ModelDetail = Type.Object({
  ...summary,
  series: Type.Union([Type.Null(), Type.Array(SeriesRange)]),
  replay: Type.Union([Type.Null(), Comparison]),
});
export type ModelDetail = Readonly<Static<typeof ModelDetail>>;

const Override = Type.Object({
  deviceId: Type.String(),
  version: Type.Integer(),
  by: Type.String(),
  atUs: Instant,
});

const type = {
  sensorType: Type.String(),
  revision: Type.Integer({
    description: "Grows with every change; a change names the one it was decided on.",
  }),
  judging: Type.String({
    description: "The name of the model that judges: co2@2, temperature@factory-2, none.",
  }),
  active: OptionalVersion,
  candidate: Type.Union([Type.Null(), Type.Integer()]),
  isPinned: Type.Boolean({ description: "No schedule trains it." }),
  order: Type.Union([
    Type.Null(),
    Type.Object({ by: Type.String(), atUs: Instant, version: Type.Union([Type.Null(), Type.Integer()]) }),
  ]),
  setback: Type.Union([Type.Null(), Type.Object({ reason: Type.String(), atUs: Instant })], {
    description: "Why the last training came to nothing.",
  }),
  overrides: Type.Array(Override),
};

export const ModelTypeSummary = Type.Object(type);
/** How a sensor type stands. */
export type ModelTypeSummary = Readonly<Static<typeof ModelTypeSummary>>;

/** `GET /api/v1/models`, by sensor type. */
export const ModelsAnswer = Type.Object({ types: Type.Array(ModelTypeSummary) });
export type ModelsAnswer = Readonly<Static<typeof ModelsAnswer>>;

/** `GET /api/v1/models/{type}`: the newest version first. */
export const ModelTypeAnswer = Type.Object({ type: ModelTypeSummary, versions: Type.Array(ModelSummary) });
export type ModelTypeAnswer = Readonly<Static<typeof ModelTypeAnswer>>;

export const ModelVersionAnswer = Type.Object({ model: ModelDetail });
export type ModelVersionAnswer = Readonly<Static<typeof ModelVersionAnswer>>;

/** What a change answers. */
export const ModelChangedAnswer = Type.Object({ type: ModelTypeSummary });
export type ModelChangedAnswer = Readonly<Static<typeof ModelChangedAnswer>>;

const TypeText = Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000/]*$" });
export const ModelTypeParams = Type.Object({ type: TypeText });
export const ModelVersionParams = Type.Object({ type: TypeText, version: Version });
export const ModelDeviceParams = Type.Object({ type: TypeText, deviceId: DeviceIdText });

const Revision = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });
const strict = { additionalProperties: false } as const;

/** The bodies of what operators do, by the end of the path. */
export const ModelBodies = {
  promote: Type.Object({ revision: Revision, version: Version }, strict),
  rollback: Type.Object({ revision: Revision }, strict),
  pin: Type.Object({ revision: Revision }, strict),
  unpin: Type.Object({ revision: Revision }, strict),
  train: Type.Object({ version: Type.Optional(Version) }, strict),
  device: Type.Object({ revision: Revision, version: Version }, strict),
};
export const ModelDeviceQuestion = Type.Object({ revision: Revision });

/** What an operator wants of the models of a type. */
export type ModelWish =
  | { readonly kind: "promote"; readonly version: number }
  | { readonly kind: "rollback" | "pin" | "unpin" }
  | { readonly kind: "override"; readonly deviceId: string; readonly version: number }
  | { readonly kind: "release"; readonly deviceId: string };
