import { type Static, Type } from "typebox";
import { type AlarmSeverity, alarmSeverities } from "./alarm.ts";
import type { AlarmEvent } from "./event.ts";
import { LabelsBody } from "./provisioning.ts";
import { deviceIdLimit, sensorTypeLimit } from "./reading.ts";
import { weekdays } from "./schedule.ts";
import { notificationsRoot } from "./topics.ts";

/** How somebody is told. */
export const channels = ["webhook", "mqtt", "email"] as const;
export type Channel = (typeof channels)[number];

/** What of an alarm one can be told. */
const toldChanges = [
  "raised",
  "worsened",
  "acknowledged",
  "assigned",
  "commented",
  "shelved",
  "unshelved",
  "cleared",
] as const;

const Hours = Type.Object(
  {
    days: Type.Array(Type.Enum([...weekdays]), { minItems: 1, maxItems: 7 }),
    from: Type.String({ pattern: "^([01]\\d|2[0-3]):[0-5]\\d$" }),
    to: Type.String({
      pattern: "^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$",
      description: "Not after `from`: of the next day.",
    }),
    outside: Type.Enum(["hold", "drop"], {
      description: "What becomes of the rest: kept until the hours begin, or not told.",
    }),
  },
  { additionalProperties: false },
);
export type Hours = Readonly<Static<typeof Hours>>;

const Text = (most: number) =>
  Type.String({ minLength: 1, maxLength: most, pattern: "^[^\\u0000\\p{Cs}]*$" });
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([Type.Null(), type]);

const settings = {
  name: Text(64),
  channel: Type.Enum([...channels]),
  topic: OrNull(
    Type.String({
      maxLength: 256,
      pattern: `^${notificationsRoot}/`,
      description: "Of the channel mqtt; {severity}, {device} and {sensor} are replaced.",
    }),
  ),
  to: Type.Array(Type.String({ maxLength: 254, pattern: '^[^\\s@<>",;:()\\\\]+@[^\\s@<>",;:()\\\\]+$' }), {
    maxItems: 20,
    description: "Of the channel email: who gets it.",
  }),
  isEnabled: Type.Boolean(),
  severity: Type.Enum([...alarmSeverities], { description: "At least." }),
  changes: Type.Array(Type.Enum([...toldChanges]), { minItems: 1, uniqueItems: true }),
  device: OrNull(
    Type.String({
      minLength: 1,
      maxLength: deviceIdLimit,
      description: "A device id, in which * stands for anything.",
    }),
  ),
  labels: LabelsBody,
  sensorType: OrNull(Text(sensorTypeLimit)),
  timeZone: Type.String({
    maxLength: 64,
    description: "IANA, such as Europe/Berlin: of the hours, and of times in texts.",
  }),
  hours: OrNull(Hours),
  digest: Type.Object(
    {
      after: Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: "So many are told one by one within the time;",
      }),
      withinSeconds: Type.Integer({
        minimum: 10,
        maximum: 86_400,
        description: "what is beyond, in a digest.",
      }),
    },
    { additionalProperties: false },
  ),
};

/** What a route is when nothing else is asked for. */
export const routeDefaults = {
  topic: null,
  to: [],
  isEnabled: true,
  severity: "minor",
  changes: ["raised", "worsened", "cleared"],
  device: null,
  labels: {},
  sensorType: null,
  timeZone: "UTC",
  hours: null,
  digest: { after: 5, withinSeconds: 600 },
} as const satisfies Partial<RouteSettings>;

/** The topic of the channel mqtt, unless another is asked for. */
export const defaultTopic = `${notificationsRoot}/{severity}/{device}`;

const RouteSettings = Type.Object(settings);
/** Who is told of alarms, how, of which, and when: all that may be shown of it. */
export type RouteSettings = Readonly<Static<typeof RouteSettings>>;

const url = Type.Optional(
  Type.String({
    maxLength: 2048,
    pattern: "^https?://",
    description: "Of the channel webhook; shown to nobody again.",
  }),
);
const { name, channel, ...others } = settings;
const asked = { name, channel, url, ...Type.Partial(Type.Object(others)).properties };
const seen = {
  version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: "The version that was looked at." }),
};
const strict = { additionalProperties: false };

/** `POST /api/v1/notification-routes`; what is left out is as in `routeDefaults`. */
export const NewRouteBody = Type.Object(asked, strict);
export type NewRouteBody = Readonly<Static<typeof NewRouteBody>>;

/** `PUT /api/v1/notification-routes/{id}`: the whole of it, but for a `url` that is to stay. */
export const RouteBody = Type.Object({ ...asked, ...seen }, strict);
export type RouteBody = Readonly<Static<typeof RouteBody>>;

/** `POST .../secret`. */
export const RouteSeen = Type.Object(seen, strict);
export type RouteSeen = Readonly<Static<typeof RouteSeen>>;
/** `DELETE`. */
export const RouteSeenInQuery = Type.Object(seen);

const Moment = Type.Integer({ description: "Microseconds since the epoch." });

export const NotificationRoute = Type.Object({
  id: Type.Integer(),
  version: Type.Integer({ description: "From 1; grows with every change." }),
  ...settings,
  url: OrNull(Type.String({ description: "Scheme and host only." })),
  createdUs: Moment,
});
export type NotificationRoute = Readonly<Static<typeof NotificationRoute>>;

export const RouteAnswer = Type.Object({ route: NotificationRoute });
/** The key that messages to a webhook are signed with is shown here and never again; null for other channels. */
export const SecuredRouteAnswer = Type.Object({
  route: NotificationRoute,
  secret: OrNull(Type.String()),
});
export type SecuredRouteAnswer = Readonly<Static<typeof SecuredRouteAnswer>>;
export const RoutesAnswer = Type.Object({ routes: Type.Array(NotificationRoute) });
export type RoutesAnswer = Readonly<Static<typeof RoutesAnswer>>;

const RouteId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const RouteParams = Type.Object({ id: RouteId });

/** What becomes of a notification: told, told within a digest, given up, or not wanted any more. */
export const notificationStates = ["waiting", "sent", "digested", "dead", "discarded"] as const;
const State = Type.Enum([...notificationStates]);
export type NotificationState = Static<typeof State>;

export const NotificationSummary = Type.Object({
  id: Type.String({ description: "As in Tidemark-Delivery." }),
  number: Type.Integer({ description: "Grows; the younger notification has the higher one." }),
  routeId: Type.Integer(),
  kind: Type.Enum(["alarm", "digest", "test"]),
  alarmId: OrNull(Type.Integer()),
  alarmVersion: OrNull(Type.Integer()),
  severity: Type.String(),
  subject: Type.String(),
  state: State,
  digestId: OrNull(Type.String({ description: "The digest that tells of it." })),
  attempts: Type.Integer(),
  lastError: OrNull(Type.String()),
  queuedUs: Moment,
  dueUs: Type.Integer({ description: "Not sent before, while it waits." }),
  sentUs: OrNull(Moment),
});
export type NotificationSummary = Readonly<Static<typeof NotificationSummary>>;

export const NotificationsQuestion = Type.Object({
  state: Type.Optional(State),
  route: Type.Optional(RouteId),
  after: Type.Optional(RouteId),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
});
export type NotificationsQuestion = Readonly<Static<typeof NotificationsQuestion>>;

/** `GET /api/v1/notifications?state=dead[&route=1][&after=number]&limit=100`, newest first. */
export const NotificationsAnswer = Type.Object({
  notifications: Type.Array(NotificationSummary),
  /** What to ask `after` for what is older; null when there is nothing. */
  next: OrNull(Type.Integer()),
});
export type NotificationsAnswer = Readonly<Static<typeof NotificationsAnswer>>;

export const NotificationParams = Type.Object({ id: Type.String({ format: "uuid" }) });
export const NotificationAnswer = Type.Object({ notification: NotificationSummary });

/** How a test message went. */
export const TestAnswer = Type.Object({
  outcome: Type.Enum(["sent", "failed", "waiting"], {
    description:
      "waiting: no processor had come to it when nobody wanted to wait any longer; it is not sent then.",
  }),
  reason: OrNull(Type.String()),
  tookMs: Type.Integer(),
});
export type TestAnswer = Readonly<Static<typeof TestAnswer>>;

/** An alarm's transition about to be told on a route. */
export interface PlannedNotification {
  readonly routeId: number;
  readonly event: AlarmEvent;
  readonly severity: AlarmSeverity;
  /** Not before this moment, microseconds since the epoch; null: now. */
  readonly dueUs: number | null;
}
