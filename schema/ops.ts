import { type Static, Type } from "typebox";

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const Milliseconds = Type.Number({ minimum: 0 });

const ShardState = Type.Object({
  shard: Type.Integer(),
  received: Type.Integer({ description: "Readings taken in since the stream began." }),
  waiting: Type.Integer({ description: "Of these, those that are not stored yet." }),
  frames: Type.Integer({ description: "Entries of the stream that hold them." }),
  behindMs: Type.Number({ minimum: 0, description: "For how long the oldest of them has waited." }),
  isOwned: Type.Boolean({ description: "Whether a processor writes it; otherwise it only fills." }),
});
/** How the queue of one shard stands. */
export type ShardState = Readonly<Static<typeof ShardState>>;

const BrokerState = Type.Object({
  id: Type.String({ description: "Another one with every start." }),
  beatUs: Instant,
  isAlive: Type.Boolean(),
  devices: Type.Integer({ description: "Devices connected to it." }),
});

const WriteTimes = Type.Object({
  batches: Type.Integer(),
  meanMs: Milliseconds,
  p95Ms: Type.Union([Type.Null(), Milliseconds], {
    description: "At most this, as far as the buckets of the metric tell; null above them.",
  }),
});
/** How long batches took to be committed, since the processor started. */
export type WriteTimes = Readonly<Static<typeof WriteTimes>>;

/** `GET /api/v1/ops`: how the machinery stands at this moment. */
export const OpsAnswer = Type.Object({
  atUs: Instant,
  fullness: Type.Number({ description: "Of the stream; from 0.75 on publishes are held, at 1 refused." }),
  shards: Type.Array(ShardState),
  processors: Type.Integer(),
  writes: Type.Union([Type.Null(), WriteTimes], {
    description:
      "Of the processor that shares the process of this service; others tell theirs on their /metrics.",
  }),
  brokers: Type.Array(BrokerState),
  consoles: Type.Integer({ description: "Browsers connected to the process that answers." }),
});
export type OpsAnswer = Readonly<Static<typeof OpsAnswer>>;

/** `GET /api/v1/settings`: what the platform was started with, as far as it concerns operators. By name. */
export const SettingsAnswer = Type.Object({
  settings: Type.Array(
    Type.Object({ name: Type.String(), value: Type.Union([Type.String(), Type.Number()]) }),
  ),
});
export type SettingsAnswer = Readonly<Static<typeof SettingsAnswer>>;
