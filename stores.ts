import { openAccessStore } from "./platform/access/access-store.ts";
import { openAuditStore } from "./platform/access/audit-store.ts";
import { openCallers } from "./platform/access/callers.ts";
import { openClaimStore } from "./platform/access/claim-store.ts";
import { openEmbedStore } from "./platform/access/embed-store.ts";
import { openOperatorStore } from "./platform/access/operator-store.ts";
import { listProxies } from "./platform/access/peer.ts";
import { openSecretStore } from "./platform/access/secret-store.ts";
import { openSessionStore } from "./platform/access/session-store.ts";
import { openTokenStore } from "./platform/access/token-store.ts";
import { openAlarmStore } from "./platform/alarms/alarm-store.ts";
import { openRuleStore } from "./platform/alarms/rule-store.ts";
import type { Config } from "./platform/config.ts";
import { openSavedViewStore } from "./platform/console/view-store.ts";
import { type Database, hasTimescale, mostConnections, openDatabase } from "./platform/database/database.ts";
import { startEmbeddedDatabase } from "./platform/database/embedded-database.ts";
import { migrate } from "./platform/database/migrations.ts";
import { openSettingStore } from "./platform/database/setting-store.ts";
import { openCommandStore } from "./platform/devices/command-store.ts";
import { openDeviceStore } from "./platform/devices/device-store.ts";
import { openPresenceStore } from "./platform/devices/presence-store.ts";
import { openReadingExport } from "./platform/export/reading-export.ts";
import { openCheckupStore } from "./platform/history/checkup-store.ts";
import { openHistoryStore } from "./platform/history/history-store.ts";
import { openRollupStore } from "./platform/history/rollup-store.ts";
import type { Lifecycle } from "./platform/lifecycle.ts";
import { openModelStore } from "./platform/models/model-store.ts";
import { openPreviewStore } from "./platform/models/preview-store.ts";
import { openRegistryStore } from "./platform/models/registry-store.ts";
import { openTrainingStore } from "./platform/models/training-store.ts";
import { openTuningStore } from "./platform/models/tuning-store.ts";
import { openNotificationStore } from "./platform/notifications/notification-store.ts";
import { openRoutingStore } from "./platform/notifications/routing-store.ts";
import { openLedgerStore } from "./platform/readings/ledger-store.ts";
import { openReadingStore } from "./platform/readings/reading-store.ts";
import { openRejectionStore } from "./platform/readings/rejection-store.ts";
import type { Log } from "./platform/telemetry.ts";

/** What a process needs to have a database. */
export interface StoreDeps {
  readonly config: Config;
  readonly log: Log;
  readonly life: Lifecycle;
  /** The embedded database ended by itself. */
  readonly onLost: (part: string) => void;
}

export type Stores = ReturnType<typeof storesOn>;

/**
 * Opens the database that the configuration names, or the embedded one, with its tables brought up to date, and every store on it.
 * @throws PlatformError STORE_DOWN, STORE_REFUSED, DATA_DIR_LOCKED or EMBEDDED_DATABASE_FAILED.
 */
export async function openStores(deps: StoreDeps): Promise<Stores> {
  return storesOn(await openTables(deps), deps.config);
}

/**
 * What a broker keeps of its connections, in a process that has nothing else to do with the database: it starts without it as it goes
 * on without it, and finds the tables once another service has made them.
 */
export async function openLinkStores({ config, log, life }: StoreDeps): Promise<LinkStores | null> {
  const { DATABASE_URL: url } = config;
  if (url === null) return null;
  const open = () => openDatabase({ url, log, isSole: false, connections: 4, isPatient: true });
  const database = await life.add("database of connections", open, (opened) => opened.close());
  return {
    presence: openPresenceStore(database),
    commands: openCommandStore(database),
    secrets: openSecretStore(database),
  };
}

type LinkStores = Pick<Stores, "presence" | "commands" | "secrets">;

async function openTables({ config, log, life, onLost }: StoreDeps): Promise<Database> {
  const isSole = config.DATABASE_URL === null;
  const url =
    config.DATABASE_URL ??
    (await life.run("embedded database", () => startEmbeddedDatabase(config.DATA_DIR, { log, onLost }))).url;
  const connections = mostConnections(config);
  const database = await life.add(
    "database",
    () => openDatabase({ url, log, isSole, connections }),
    (opened) => opened.close(),
  );
  const migrations = await migrate(database, {
    hasTimescale: !isSole && (await hasTimescale(url)),
    chunkIntervalHours: config.CHUNK_INTERVAL_HOURS,
  });
  if (migrations.length > 0) log.info({ migrations }, "tables brought up to date");
  return database;
}

function storesOn(database: Database, config: Config) {
  return {
    readings: openReadingStore(database),
    history: openHistoryStore(database),
    checkup: openCheckupStore(database),
    rollups: openRollupStore(database),
    readingExport: openReadingExport(database),
    devices: openDeviceStore(database),
    rejections: openRejectionStore(database),
    models: openModelStore(database),
    training: openTrainingStore(database),
    registry: openRegistryStore(database),
    ledger: openLedgerStore(database),
    audit: openAuditStore(database),
    access: openAccessStore(database),
    claims: openClaimStore(database),
    secrets: openSecretStore(database),
    presence: openPresenceStore(database),
    commands: openCommandStore(database),
    alarms: openAlarmStore(database),
    rules: openRuleStore(database),
    routing: openRoutingStore(database),
    notifications: openNotificationStore(database),
    tunings: openTuningStore(database),
    previews: openPreviewStore(database),
    settings: openSettingStore(database, {
      activeDeviceTimeoutSeconds: config.ACTIVE_DEVICE_TIMEOUT_SECONDS,
    }),
    ...peopleOn(database, config),
  };
}

/** What operators and programs are known by. */
function peopleOn(database: Database, config: Config) {
  const spans = {
    idleMs: config.SESSION_IDLE_MINUTES * 60_000,
    longestMs: config.SESSION_MAX_HOURS * 3_600_000,
  };
  const sessions = openSessionStore(database, spans);
  const tokens = openTokenStore(database);
  const embeds = openEmbedStore(database);
  const proxies = listProxies(config.TRUSTED_PROXIES);
  const callers = openCallers({ isOpen: config.ACCESS === "open", sessions, tokens, embeds, proxies });
  const savedViews = openSavedViewStore(database);
  return { operators: openOperatorStore(database), sessions, tokens, embeds, callers, savedViews };
}
