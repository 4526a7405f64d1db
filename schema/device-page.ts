import { type Static, Type } from "typebox";
import { alarmSeverities } from "./alarm.ts";
import { DeviceIdText } from "./api.ts";
import { deviceOrders, deviceStates } from "./device-state.ts";

/** `GET /api/v1/devices`: which devices, in which order, and from where on. */
export const DevicesQuestion = Type.Object({
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: "^[^\\u0000]*$",
      description: "Those whose id has this in it, capital letters or not.",
    }),
  ),
  type: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: "^[^\\u0000]*$",
      description: "Those with a sensor of this type.",
    }),
  ),
  state: Type.Optional(
    Type.Enum([...deviceStates, "active"], {
      description: "Those in this state; `active`: heard of within ACTIVE_DEVICE_TIMEOUT_SECONDS.",
    }),
  ),
  sort: Type.Enum([...deviceOrders], {
    default: "name",
    description:
      "By id; who was heard of last first; who has the worst open alarms, and most of them, first. Only by `name` do the pages have every device: in the other " +
      "orders one that moves up between two pages is on neither.",
  }),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: "`next` of the page before." })),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
});
export type DevicesQuestion = Readonly<Static<typeof DevicesQuestion>>;

const Count = Type.Integer({ minimum: 0 });

/** `GET /api/v1/overview`: how the whole fleet is, at most a few seconds old. */
export const OverviewAnswer = Type.Object({
  devices: Type.Object({ online: Count, stale: Count, offline: Count, "never-seen": Count }),
  alarms: Type.Object(Object.fromEntries(alarmSeverities.map((severity) => [severity, Count])) as Counts, {
    description: "Open, by severity; those on the shelf and those in a group are not counted.",
  }),
  raised: Type.Object(
    { tenMinutes: Count, hour: Count },
    {
      description:
        "Alarms that were raised in the last ten minutes and in the last hour, open or not; those that a group spoke for are not counted.",
    },
  ),
  readingsPerSecond: Type.Union([Type.Null(), Type.Number()], {
    description: "Stored in the last seconds; null when nobody has asked in the last ones.",
  }),
  learning: Type.Object(
    { series: Count, isAtLeast: Type.Boolean() },
    { description: "Sensors that have not learnt enough yet; of many young ones some are looked at." },
  ),
});
export type OverviewAnswer = Readonly<Static<typeof OverviewAnswer>>;

type Counts = Record<(typeof alarmSeverities)[number], typeof Count>;

/** A device in the answers that name one by its id. */
export const DeviceParams = Type.Object({ id: DeviceIdText });
