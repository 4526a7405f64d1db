import { rmSync } from "node:fs";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, inject } from "vitest";
import type { AccessStore, ClaimStore, SecretStore } from "../../platform/access/access-ports.ts";
import { openAccessStore } from "../../platform/access/access-store.ts";
import { openAuditStore } from "../../platform/access/audit-store.ts";
import { openClaimStore } from "../../platform/access/claim-store.ts";
import { openSecretStore } from "../../platform/access/secret-store.ts";
import type { AlarmStore } from "../../platform/alarms/alarm-ports.ts";
import { openAlarmStore } from "../../platform/alarms/alarm-store.ts";
import type { RuleStore } from "../../platform/alarms/rule-ports.ts";
import { openRuleStore } from "../../platform/alarms/rule-store.ts";
import { type Database, hasTimescale, openDatabase } from "../../platform/database/database.ts";
import { startEmbeddedDatabase } from "../../platform/database/embedded-database.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { openSettingStore } from "../../platform/database/setting-store.ts";
import { micros } from "../../platform/database/sql.ts";
import type { CommandStore } from "../../platform/devices/command-ports.ts";
import { openCommandStore } from "../../platform/devices/command-store.ts";
import { openDeviceStore } from "../../platform/devices/device-store.ts";
import type { PresenceStore } from "../../platform/devices/presence-ports.ts";
import { openPresenceStore } from "../../platform/devices/presence-store.ts";
import type { ReadingExport } from "../../platform/export/export-ports.ts";
import { openReadingExport } from "../../platform/export/reading-export.ts";
import { openHistoryStore } from "../../platform/history/history-store.ts";
import type { HistoryStore, RollupStore } from "../../platform/history/ports.ts";
import { openRollupStore } from "../../platform/history/rollup-store.ts";
import type { ModelStore, RegistryStore, TrainingStore } from "../../platform/models/model-ports.ts";
import { openModelStore } from "../../platform/models/model-store.ts";
import { openPreviewStore } from "../../platform/models/preview-store.ts";
import { openRegistryStore } from "../../platform/models/registry-store.ts";
import { openTrainingStore } from "../../platform/models/training-store.ts";
import type { PreviewStore, TuningStore } from "../../platform/models/tuning-ports.ts";
import { openTuningStore } from "../../platform/models/tuning-store.ts";
import type { NotificationStore, RoutingStore } from "../../platform/notifications/notification-ports.ts";
import { openNotificationStore } from "../../platform/notifications/notification-store.ts";
import { openRoutingStore } from "../../platform/notifications/routing-store.ts";
import type {
  AuditStore,
  DeviceStore,
  ReadingStore,
  RejectionStore,
  SettingStore,
  StoredPoint,
} from "../../platform/ports.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { openRejectionStore } from "../../platform/readings/rejection-store.ts";
import type { Batch, SeriesKey, Written } from "../../platform/readings/shard-batch.ts";
import type { DeviceSummary } from "../../schema/api.ts";
import { dataFolder } from "../data-folder.ts";
import { createTestDatabase } from "../harness/test-database.ts";
import { silent } from "./samples.ts";

/** An empty database of a test file, without tables. */
export interface Place {
  readonly url: string;
  readonly isSole: boolean;
  readonly hasTimescale: boolean;
  remove(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  make(): Promise<Place>;
}

export const pglite: Engine = {
  name: "PGlite",
  async make() {
    const folder = dataFolder("pglite");
    const embedded = await startEmbeddedDatabase(folder, { log: silent, onLost: () => undefined });
    const remove = async (): Promise<void> => {
      await embedded.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    return { url: embedded.url, isSole: true, hasTimescale: false, remove };
  },
};

function server(name: string, serverUrl: string): Engine {
  return {
    name,
    async make() {
      const database = await createTestDatabase(serverUrl);
      const { url } = database;
      return { url, isSole: false, hasTimescale: await hasTimescale(url), remove: database.drop };
    },
  };
}

const otherUrl = inject("otherDatabaseUrl");

/** The databases that several processes share. */
export const servers: readonly Engine[] = [
  server("PostgreSQL", inject("postgresUrl")),
  ...(otherUrl === "" ? [] : [server("the database of TEST_DATABASE_URL", otherUrl)]),
];

export const engines: readonly Engine[] = [pglite, ...servers];

export function openAt({ url, isSole }: Place): Promise<Database> {
  return openDatabase({ url, isSole, log: silent, connections: 12 });
}

/** The stream that batches of these tests come from. */
export const streamId = "a stream of tests";

/** The newest rows of a series as points, oldest first. */
export async function pointsOf(
  { database }: Pick<Stores, "database">,
  { deviceId, sensorType }: SeriesKey,
  limit = 1000,
): Promise<readonly StoredPoint[]> {
  const rows = await database.db
    .selectFrom("readings")
    .select([micros("ts").as("timestampUs"), "value", "score", "is_anomaly as isAnomaly"])
    .where("device_id", "=", deviceId)
    .where("sensor_type", "=", sensorType)
    .orderBy("ts", "desc")
    .limit(limit)
    .execute();
  return rows.toReversed();
}

/** The devices of the live board, by id. */
export async function activeDevices(
  { devices }: Pick<Stores, "devices">,
  query: { timeoutMs: number; limit: number },
): Promise<readonly DeviceSummary[]> {
  return (await devices.page({ ...query, state: "active", sort: "name" })).devices;
}

/** A database with its tables, and the stores on it. */
export interface Stores {
  readonly place: Place;
  readonly database: Database;
  readonly readings: ReadingStore;
  readonly history: HistoryStore;
  readonly rollups: RollupStore;
  readonly readingExport: ReadingExport;
  readonly devices: DeviceStore;
  readonly rejections: RejectionStore;
  readonly models: ModelStore;
  readonly training: TrainingStore;
  readonly registry: RegistryStore;
  readonly audit: AuditStore;
  readonly access: AccessStore;
  readonly claims: ClaimStore;
  readonly secrets: SecretStore;
  readonly presence: PresenceStore;
  readonly commands: CommandStore;
  readonly alarms: AlarmStore;
  readonly rules: RuleStore;
  readonly routing: RoutingStore;
  readonly notifications: NotificationStore;
  readonly tunings: TuningStore;
  readonly previews: PreviewStore;
  /** Writes with the pen of a shard, taken and given back. */
  write(batch: Batch, shard?: number): Promise<Written>;
}

export async function openStores(engine: Engine): Promise<Stores & { close(): Promise<void> }> {
  const place = await engine.make();
  const database = await openAt(place);
  await migrate(database, { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 });
  const readings = openReadingStore(database);
  return {
    place,
    database,
    readings,
    history: openHistoryStore(database),
    rollups: openRollupStore(database),
    readingExport: openReadingExport(database),
    devices: openDeviceStore(database),
    rejections: openRejectionStore(database),
    models: openModelStore(database),
    training: openTrainingStore(database),
    registry: openRegistryStore(database),
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
    write: (batch, shard = 0) => writeOnce(readings, batch, shard),
    close: async () => {
      await database.close();
      await place.remove();
    },
  };
}

async function writeOnce(readings: ReadingStore, batch: Batch, shard: number): Promise<Written> {
  const pen = await readings.claimShard(shard, streamId);
  if (pen === null) throw new Error(`shard ${shard} is taken`);
  try {
    return await pen.write(batch);
  } finally {
    await pen.release();
  }
}

/** The same tests on each of these databases, one database for all of them, emptied before each. */
export function onEach(
  chosen: readonly Engine[],
  title: string,
  suite: (stores: () => Stores, engine: Engine) => void,
): void {
  describe.each(chosen)(`${title} on $name`, (engine) => {
    let stores: Awaited<ReturnType<typeof openStores>>;
    beforeAll(async () => {
      stores = await openStores(engine);
    });
    afterAll(() => stores.close());
    beforeEach(async () => {
      const tables = sql.raw(
        "readings, readings_1m, readings_1h, history_state, late_spans, device_latest, anomalies, devices, models, rejected, settings, custody, ledger_journal, device_ledger, detector_anchors, expected_bands, audit, " +
          "principals, credentials, claim_tokens, revoked_certificates, secrets, operators, sessions, api_tokens, first_admin, embeds, saved_views, " +
          "brokers, presence, commands, alarms, alarm_events, rules, rule_runs, notification_routes, notifications, " +
          "tunings, tuning_previews, model_types, model_overrides",
      );
      await sql`TRUNCATE ${tables}`.execute(stores.database.db);
    });
    suite(() => stores, engine);
  });
}

export function settingsOf(
  { database }: Pick<Stores, "database">,
  activeDeviceTimeoutSeconds: number,
): SettingStore {
  return openSettingStore(database, { activeDeviceTimeoutSeconds });
}
