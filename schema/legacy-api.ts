import { Type } from "typebox";

const Metric = Type.Object({
  type: Type.String(),
  value: Type.Union([Type.Number(), Type.String({ description: "A text that is a number." })]),
});
const Moment = Type.Union([Type.String(), Type.Number()], {
  description: "ISO 8601, or an epoch number in s, ms or µs; without it the moment of arrival.",
});

const Measured = Type.Object({
  device_id: Type.Union([Type.String(), Type.Integer()]),
  timestamp: Type.Optional(Moment),
  metrics: Type.Array(Metric),
});
const Flat = Type.Object(
  { device_id: Type.Union([Type.String(), Type.Integer()]), timestamp: Type.Optional(Moment) },
  { description: "Every other field is a sensor type with its value." },
);

/** What `POST /data` takes. `schema/wire.ts` reads it; this says to others what that takes. */
export const LegacyData = Type.Union([Measured, Flat, Type.Array(Type.Union([Measured, Flat]))]);

export const LegacyAccepted = Type.Object({ status: Type.Literal("Data accepted") });

export const LegacyLatest = Type.Array(
  Type.Object({
    device_id: Type.String(),
    timestamp: Type.String(),
    metrics: Type.Array(
      Type.Object({
        type: Type.String(),
        value: Type.Number(),
        result: Type.Enum(["normal", "anomaly"]),
        confidence: Type.Number({ minimum: 0, maximum: 1 }),
      }),
    ),
  }),
);

export const LegacyConfig = Type.Object({
  active_device_timeout_seconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }),
});
export const LegacyConfigured = Type.Object({
  status: Type.Literal("updated"),
  active_device_timeout_seconds: Type.Integer(),
});

export const LegacyHealth = Type.Object({ status: Type.Literal("healthy") });
