import type { limitSettings } from "./limit-settings.ts";

/** What sets a limit, and what an operator does about it. */
interface Limit {
  readonly setting: keyof typeof limitSettings | undefined;
  readonly fix: string;
}

/** Every limit that a caller can run into, by its name in the metric `iot_limited_total` and in the log. */
export const limits = {
  connections_per_address: {
    setting: "MAX_CONNECTIONS_PER_ADDRESS",
    fix: "raise it where more devices share an address, as behind a NAT or a balancer",
  },
  connect_rate: {
    setting: "MAX_CONNECTS_PER_ADDRESS_PER_SECOND",
    fix: "raise it where many devices share an address; else look at what connects there",
  },
  address_banned: {
    setting: "MAX_REFUSALS_PER_ADDRESS_PER_MINUTE",
    fix: "look for wrong credentials, a scanner or a health check at that address; it may come again by itself",
  },
  client_banned: {
    setting: "MAX_RECONNECTS_PER_CLIENT_PER_MINUTE",
    fix: "look for two devices with this client id, or one whose connection breaks",
  },
  unauthenticated: {
    setting: "MAX_UNAUTHENTICATED_CONNECTIONS",
    fix: "look for who connects and says nothing; raise it for a fleet that comes back all at once",
  },
  message_rate: { setting: "MAX_MESSAGES_PER_SECOND", fix: "slow the device down, or raise it" },
  byte_rate: { setting: "MAX_BYTES_PER_SECOND", fix: "slow the device down, or raise it" },
  inflight: {
    setting: "MAX_INFLIGHT_MESSAGES",
    fix: "the client must answer PUBREC with PUBREL; raise it for one that sends far ahead",
  },
  topic_levels: { setting: "MAX_TOPIC_LEVELS", fix: "shorten the topic, or raise it" },
  subscriptions: {
    setting: "MAX_SUBSCRIPTIONS_PER_CLIENT",
    fix: "subscribe with wildcards, or raise it",
  },
  retained_messages: {
    setting: "MAX_RETAINED_MESSAGES",
    fix: "clear what is not needed by an empty retained publish, or raise it",
  },
  retained_bytes: {
    setting: "MAX_RETAINED_BYTES",
    fix: "clear what is not needed by an empty retained publish, or raise it",
  },
  sessions: {
    setting: "MAX_SESSIONS",
    fix: "let clients that do not come back connect with a clean session, or raise it",
  },
  session_expired: {
    setting: "SESSION_EXPIRY_HOURS",
    fix: "nothing, unless the client was to come back: then raise it",
  },
  queued_messages: {
    setting: "MAX_QUEUED_MESSAGES",
    fix: "find out why the client is away or does not acknowledge, or raise it",
  },
  queued_bytes: {
    setting: "MAX_QUEUED_BYTES",
    fix: "find out why the client is away or does not acknowledge, or raise it",
  },
  queued_bytes_total: {
    setting: "MAX_QUEUED_BYTES_TOTAL",
    fix: "find out which clients stay away with a kept session, or raise it",
  },
  http_connections: {
    setting: "MAX_HTTP_CONNECTIONS",
    fix: "look for who holds connections open, or raise it",
  },
  http_rate: {
    setting: "MAX_HTTP_REQUESTS_PER_SECOND",
    fix: "send several readings in a request; raise it where many clients share an address, as behind a proxy",
  },
  http_unacknowledged: {
    setting: undefined,
    fix: "find out why the broker acknowledges late: is the stream full, a processor running, the machine busy",
  },
  http_rejections: {
    setting: undefined,
    fix: "look for who sends bodies that cannot be read, and whether the database is slow",
  },
  http_timeout: { setting: undefined, fix: "look for who sends requests by halves, or a network that does" },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;

export const limitNames = Object.keys(limits) as readonly LimitName[];
