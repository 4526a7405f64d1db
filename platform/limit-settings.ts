import { wholeNumber } from "./setting.ts";

const countless = 1_000_000_000;

/** A limit that somebody may switch off. */
function limit(fallback: number, doc: string) {
  return wholeNumber(fallback, [0, countless], `${doc}; 0 is no limit`);
}

/** The settings of what one caller, or all of them together, may take of the platform. */
export const limitSettings = {
  MAX_CONNECTIONS_PER_ADDRESS: limit(20_000, "MQTT connections of one address at a time"),
  MAX_CONNECTS_PER_ADDRESS_PER_SECOND: limit(
    1000,
    "MQTT connections an address may open a second; what it opens in twenty may come at once",
  ),
  MAX_REFUSALS_PER_ADDRESS_PER_MINUTE: limit(
    600,
    "MQTT connections of an address that come to nothing, before it is shut out for a while",
  ),
  MAX_RECONNECTS_PER_CLIENT_PER_MINUTE: limit(
    60,
    "connections of a client id that break within 10 s, before it is shut out for a while",
  ),
  MAX_UNAUTHENTICATED_CONNECTIONS: limit(10_000, "MQTT connections that have not been let in yet, in all"),
  MAX_MESSAGES_PER_SECOND: limit(
    0,
    "MQTT packets a connection may send a second; beyond, it is not read from",
  ),
  MAX_BYTES_PER_SECOND: limit(0, "bytes an MQTT connection may send a second; beyond, it is not read from"),
  MAX_INFLIGHT_MESSAGES: wholeNumber(
    1000,
    [1, 65_535],
    "QoS 2 messages of a client whose PUBREL has not come; one more ends the connection",
  ),
  MAX_TOPIC_LEVELS: wholeNumber(16, [4, 100], "levels of a topic; one more ends the connection"),
  MAX_SUBSCRIPTIONS_PER_CLIENT: limit(1000, "subscriptions of an MQTT client; those beyond are refused"),
  MAX_RETAINED_MESSAGES: limit(
    50_000,
    "retained messages of clients, in all; others are carried and not kept",
  ),
  MAX_RETAINED_BYTES: limit(67_108_864, "their topics and payloads together"),
  MAX_SESSIONS: limit(50_000, "sessions kept for MQTT clients that are away; the oldest goes first"),
  SESSION_EXPIRY_HOURS: wholeNumber(
    168,
    [1, 87_600],
    "how long the session of an MQTT client that is away is kept",
  ),
  MAX_QUEUED_MESSAGES: limit(1000, "messages kept for one session; what comes beyond is not"),
  MAX_QUEUED_BYTES: limit(4_194_304, "their topics and payloads together"),
  MAX_QUEUED_BYTES_TOTAL: limit(
    134_217_728,
    "the same of all sessions; the session that is away longest goes first",
  ),
  MAX_HTTP_CONNECTIONS: limit(10_000, "connections of one HTTP listener"),
  MAX_HTTP_REQUESTS_PER_SECOND: limit(
    1000,
    "HTTP requests an address may make a second; what it makes in five may come at once",
  ),
} as const;
