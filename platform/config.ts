import { PlatformError } from "./errors.ts";
import { exposureFaults } from "./exposure.ts";
import { historyFaults, historySettings } from "./history-settings.ts";
import { tlsFaults } from "./http/tls-listeners.ts";
import { limitSettings } from "./limit-settings.ts";
import { notificationSettings } from "./notification-settings.ts";
import {
  Fault,
  flag,
  networks,
  oneOf,
  optional,
  origins,
  port,
  type Setting,
  text,
  timeZone,
  url,
  wholeNumber,
} from "./setting.ts";

/** Every environment variable the platform knows. `.env.example` and the README's table are held against this by a test. */
export const settings = {
  HOST: text("127.0.0.1", "address every listener binds to"),
  ACCESS: oneOf(
    "open",
    ["credentials"],
    "open: nobody is asked who they are; credentials: devices must authenticate and operators log in",
  ),
  JWT_SECRET: optional("secret of at least 32 bytes that signs the tokens of devices (HS256)"),
  JWT_PUBLIC_KEY_FILE: optional(
    "PEM file with the public key that the tokens of devices are verified with (RS256, ES256)",
  ),
  JWT_DEVICE_CLAIM: text("sub", "claim of a token that holds the device id"),
  JWT_AUDIENCE: optional("audience that a token must name"),
  JWT_ISSUER: optional("issuer that a token must name"),
  MQTT_PORT: port(1883, "MQTT over TCP"),
  MQTT_WS_PORT: port(8083, "MQTT over WebSocket"),
  PLAIN_MQTT: oneOf(
    "host",
    ["loopback"],
    "where MQTT and WebSocket without TLS are open: on HOST, or to this machine only",
  ),
  MQTTS_PORT: port(8883, "MQTT over TLS, once TLS_CERT_FILE and TLS_KEY_FILE are set"),
  MQTT_WSS_PORT: port(8884, "MQTT over WebSocket and TLS, once TLS_CERT_FILE and TLS_KEY_FILE are set"),
  TLS_CERT_FILE: optional("PEM: the certificate of the TLS listeners, then those that vouch for it"),
  TLS_KEY_FILE: optional("PEM: its private key, without a passphrase"),
  TLS_CA_FILE: optional("PEM: who vouches for certificates of devices; MQTT clients are asked for one then"),
  TLS_CRL_FILE: optional("PEM: the list of revoked certificates of devices, one of each authority"),
  HTTP_TLS: flag("HTTPS instead of HTTP on HTTP_PORT and WEB_PORT, with the same certificate"),
  HTTP_PORT: port(8080, "legacy HTTP door, and the console unless WEB_PORT differs"),
  WEB_PORT: { ...port(0, "console and API"), fallback: null } as Setting<number | null>,
  LEGACY_HTTP_KEY: optional("what POST /data and GET /latest are to be shown as X-API-Key or bearer token"),
  LEGACY_HTTP_OPEN: flag("leave POST /data, GET /latest and POST /config open to everybody, key or not"),
  TRUSTED_PROXIES: networks(
    "addresses and networks of the proxies whose X-Forwarded-For, -Proto and -Host are believed",
  ),
  SESSION_IDLE_MINUTES: wholeNumber(
    480,
    [1, 525_600],
    "a session of the console ends when unused for so long",
  ),
  SESSION_MAX_HOURS: wholeNumber(168, [1, 8760], "and so long after the login, however it was used"),
  EMBED_ORIGINS: origins("whose pages may frame the charts that were made for embedding (default: nobody's)"),
  PROBE_PORT: port(
    9090,
    "/live, /ready and /metrics of a service that runs as a process of its own, or with HTTP_TLS",
  ),
  MQTT_URL: url(["mqtt", "mqtts"], "broker the HTTP door publishes to (default: the one in this process)"),
  DATABASE_URL: url(["postgres", "postgresql"], "PostgreSQL or TimescaleDB (default: PGlite in DATA_DIR)"),
  REDIS_URL: url(
    ["redis", "rediss"],
    "Redis for the streams and for what several brokers share (default: in memory, in this process)",
  ),
  DATA_DIR: text("./data", "where the embedded database lives"),
  SHARDS: { ...wholeNumber(0, [1, 256], "streams the readings are spread over"), fallback: null } as Setting<
    number | null
  >,
  MAX_WAITING_READINGS: wholeNumber(
    20_000_000,
    [10_000, 1_000_000_000],
    "readings that may wait in Redis to be stored; from three quarters on devices are slowed down",
  ),
  LOG_LEVEL: oneOf(
    "info",
    ["trace", "debug", "warn", "error", "fatal", "silent"],
    "least severity that is logged",
  ),
  LOG_FORMAT: oneOf("auto", ["json", "pretty"], "auto: pretty on a terminal, else JSON"),
  ACTIVE_DEVICE_TIMEOUT_SECONDS: wholeNumber(
    60,
    [1, 31_536_000],
    "a device silent for longer leaves /latest and the board, until POST /config says otherwise",
  ),
  PRUNE_INTERVAL_SECONDS: wholeNumber(2, [1, 86_400], "how often silent devices are looked for"),
  ALARM_CLEAR_SECONDS: wholeNumber(
    300,
    [1, 604_800],
    "an alarm clears when its sensor had no anomaly for so long",
  ),
  STORM_DEVICES: wholeNumber(
    10,
    [0, 1_000_000],
    "alarms of so many devices of one type and rule within STORM_WINDOW_SECONDS are one; 0: never",
  ),
  STORM_SHARE_PERCENT: wholeNumber(
    20,
    [1, 100],
    "if they are at least this share of the active devices of the type",
  ),
  STORM_WINDOW_SECONDS: wholeNumber(60, [1, 3600], "within which they must be raised"),
  TIME_ZONE: timeZone("UTC", "whose clocks the words for a time follow: usual on Sunday evenings"),
  RETENTION_DEVICES_DAYS: wholeNumber(
    30,
    [1, 36_500],
    "registry rows of devices inactive for longer are removed (their readings stay)",
  ),
  RETENTION_REJECTED_DAYS: wholeNumber(7, [1, 36_500], "rejected messages older than this are removed"),
  RETENTION_COMMANDS_DAYS: wholeNumber(30, [1, 36_500], "commands to devices older than this are removed"),
  RETENTION_ALARMS_DAYS: wholeNumber(
    90,
    [0, 36_500],
    "alarms cleared longer ago are removed, with what happened to them; 0: never",
  ),
  ...historySettings,
  CHUNK_INTERVAL_HOURS: wholeNumber(
    24,
    [1, 8760],
    "TimescaleDB chunk interval, used when the hypertable is made",
  ),
  MAX_CONNECT_BYTES: wholeNumber(16_384, [256, 262_144], "largest MQTT packet of a client not yet let in"),
  MAX_PACKET_BYTES: wholeNumber(262_144, [2048, 268_435_455], "largest MQTT packet and HTTP body"),
  MAX_READINGS_PER_MESSAGE: wholeNumber(1000, [1, 100_000], "most readings in one message"),
  MAX_FUTURE_SECONDS: wholeNumber(300, [0, 31_536_000], "how far ahead a reading's timestamp may be"),
  ...limitSettings,
  ...notificationSettings,
  MODEL_MIN_READINGS: wholeNumber(
    500,
    [100, 1_000_000],
    "history an unknown sensor type needs for a model of its own",
  ),
  MODEL_RETRAIN_HOURS: wholeNumber(
    168,
    [0, 87_600],
    "how often a candidate is trained of each sensor type, for operators to promote; 0 is never",
  ),
  STOP_DEADLINE_SECONDS: wholeNumber(9, [1, 600], "time to finish what is in hand after SIGTERM"),
} as const satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof settings;
type Values = { readonly [K in SettingName]: (typeof settings)[K] extends Setting<infer T> ? T : never };

/** A checked configuration, frozen. Names are those of the environment. */
export type Config = Omit<Values, "WEB_PORT" | "SHARDS"> & {
  readonly WEB_PORT: number;
  readonly SHARDS: number;
};

/** The services that can run as a process of their own. */
export const serviceNames = ["broker", "processor", "gateway-http", "web"] as const;
export type ServiceName = (typeof serviceNames)[number];

/**
 * Reads and checks the whole environment at once.
 * @throws PlatformError CONFIG_INVALID that lists every fault, one a line.
 */
export function readConfig(
  services: readonly ServiceName[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const raw = env[name]?.trim();
    const value = raw === undefined || raw === "" ? setting.fallback : setting.read(raw);
    if (value instanceof Fault)
      faults.push(`${name}: expected ${value.expected}, got ${shown(name, raw ?? "")}`);
    values[name] = value;
  }
  // Each entry was read by the setting of that name, whose type Values repeats.
  const read = values as Values;
  faults.push(...contradictions(read, services));
  if (faults.length > 0) {
    throw new PlatformError("CONFIG_INVALID", `the configuration has faults:\n  ${faults.join("\n  ")}`, {
      retryable: false,
    });
  }
  // One shard is enough while one process does everything. Processes apart must agree, and a broker names no database.
  const isAlone = isWhole(services) && (read.REDIS_URL === null || read.DATABASE_URL === null);
  return Object.freeze({
    ...read,
    WEB_PORT: read.WEB_PORT ?? read.HTTP_PORT,
    SHARDS: read.SHARDS ?? (isAlone ? 1 : 8),
  });
}

function isWhole(services: readonly ServiceName[]): boolean {
  return serviceNames.every((name) => services.includes(name));
}

function contradictions(values: Values, services: readonly ServiceName[]): string[] {
  const faults: string[] = [];
  const isApart = !isWhole(services);
  const list = services.join(", ");
  const touchesStream = services.some((name) => name !== "gateway-http");
  if (isApart && touchesStream && values.REDIS_URL === null) {
    faults.push(
      `REDIS_URL: must be set when ${list} runs as a process of its own; only a whole platform shares memory`,
    );
  }
  if (isApart && services.some((name) => name !== "broker") && values.DATABASE_URL === null) {
    faults.push(
      `DATABASE_URL: must be set when ${list} runs as a process of its own; PGlite belongs to one process`,
    );
  }
  if (
    isApart &&
    services.includes("broker") &&
    values.ACCESS === "credentials" &&
    values.DATABASE_URL === null
  ) {
    faults.push(
      "DATABASE_URL: must be set for a broker with ACCESS=credentials; the credentials are in the database",
    );
  }
  faults.push(...historyFaults(values));
  faults.push(...tokenFaults(values));
  if ((values.SMTP_URL === null) !== (values.SMTP_FROM === null))
    faults.push("SMTP_URL and SMTP_FROM: set both, or neither; a mail has a server and a sender");
  if (services.includes("gateway-http") && !services.includes("broker") && values.MQTT_URL === null) {
    faults.push(
      "MQTT_URL: must be set when gateway-http runs without a broker beside it, e.g. mqtt://broker:1883",
    );
  }
  faults.push(...tlsFaults(values, services));
  faults.push(...exposureFaults(values, services));
  return faults;
}

/** RFC 7518, section 3.2: a key of HS256 is at least as long as its hash. */
const leastSecretBytes = 32;

function tokenFaults({ ACCESS, JWT_SECRET, JWT_PUBLIC_KEY_FILE }: Values): string[] {
  const faults: string[] = [];
  if (JWT_SECRET !== null && Buffer.byteLength(JWT_SECRET) < leastSecretBytes)
    faults.push(`JWT_SECRET: must have at least ${leastSecretBytes} bytes, e.g. from openssl rand -hex 32`);
  if (JWT_SECRET !== null && JWT_PUBLIC_KEY_FILE !== null)
    faults.push("JWT_SECRET: excludes JWT_PUBLIC_KEY_FILE; tokens are signed in one way");
  if (ACCESS === "open" && (JWT_SECRET ?? JWT_PUBLIC_KEY_FILE) !== null)
    faults.push(
      "JWT_SECRET and JWT_PUBLIC_KEY_FILE: nobody reads tokens with ACCESS=open; set ACCESS=credentials",
    );
  return faults;
}

/** A value as a message may show it: what may hold a password is not repeated. */
function shown(name: string, raw: string): string {
  return /_URL$|SECRET|_KEY$/.test(name) ? "something else" : JSON.stringify(raw);
}

/** A URL without its password, for logs and messages. */
export function withoutPassword(raw: string): string {
  if (!URL.canParse(raw)) return "(not a URL)";
  const parsed = new URL(raw);
  if (parsed.password !== "") parsed.password = "***";
  return parsed.toString();
}

/** Whether this process runs as a script of npm, so with a shell between npm and itself. */
export function isRunByNpm(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return env["npm_lifecycle_event"] !== undefined;
}
