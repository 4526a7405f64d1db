import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { Moment, momentOf } from "./moment.ts";
import { type Severity, severities } from "./scored.ts";

/** What points are read from: the readings themselves, or what was rolled up of a minute or an hour of them. */
export const historyLevels = ["raw", "1m", "1h"] as const;
export type HistoryLevel = (typeof historyLevels)[number];

/** Most points of a series that one question may want. */
export const historyPointLimit = 10_000;

/** Most anomalies of a series in one answer; the worst are kept. */
export const historyAnomalyLimit = 1000;

/**
 * `GET /api/v1/history?device=a&device=b&sensors=temperature,humidity&from=2026-11-28T00:00:00Z&to=2026-11-29T00:00:00Z&points=1000`:
 * what lies from `from` on and before `to`.
 */
export const HistoryQuestion = Type.Object({
  device: Type.Array(DeviceIdText, { minItems: 1, maxItems: 50 }),
  sensors: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2000,
      pattern: "^[^\\u0000]*$",
      description: "Sensor types with commas between them; left out, all that the devices have.",
    }),
  ),
  from: Moment,
  to: momentOf("Now"),
  points: Type.Integer({
    minimum: 1,
    maximum: historyPointLimit,
    default: 1000,
    description: "Most points of a series; fewer where the devices have so many series that it is too much.",
  }),
});
export type HistoryQuestion = Readonly<Static<typeof HistoryQuestion>>;

const Column = Type.Array(Type.Number());

// With its type: the serialiser knows the items of a tuple by their types, and refuses one that has none.
const SeverityText = Type.Unsafe<Severity>({ type: "string", enum: [...severities] });

export const HistorySeries = Type.Object({
  deviceId: Type.String(),
  sensorType: Type.String(),
  level: Type.Enum([...historyLevels], { description: "What the points were read from." }),
  stepSeconds: Type.Union([Type.Null(), Type.Integer()], {
    description: "How much time a point stands for, from its `ts` on; null when each point is one reading.",
  }),
  ts: Type.Array(Type.Integer(), { description: "Microseconds since the epoch, rising." }),
  mean: Type.Array(Type.Number(), { description: "The values, when each point is one reading." }),
  min: Type.Optional(Column),
  max: Type.Optional(Column),
  n: Type.Optional(Type.Array(Type.Integer(), { description: "How many readings a point stands for." })),
  anomalies: Type.Array(Type.Tuple([Type.Integer(), Type.Number(), Type.Number(), SeverityText]), {
    description:
      "Every anomaly of the range, by time, whatever the level: [timestampUs, value, score, severity].",
  }),
  expected: Type.Array(Type.Tuple([Type.Integer(), Type.Number(), Type.Number()]), {
    description:
      "Between which values readings were usual, by time: [timestampUs, low, high], each until the next one. The first is the one in force " +
      "when the range begins; there is none while a sensor learns. Of a counter, of yes or no, and of what is set there is no such band.",
  }),
  anomaliesLeftOff: Type.Integer({
    description: `How many more there are: beyond ${historyAnomalyLimit} of a series those with the least score are left off.`,
  }),
});
export type HistorySeries = Readonly<Static<typeof HistorySeries>>;

export const HistoryAnswer = Type.Object({
  cursor: Type.String({
    description:
      "The id of the newest event when this was asked: `resume` the push from it and no event is missed.",
  }),
  fromUs: Type.Integer(),
  toUs: Type.Integer(),
  series: Type.Array(HistorySeries),
});
export type HistoryAnswer = Readonly<Static<typeof HistoryAnswer>>;
