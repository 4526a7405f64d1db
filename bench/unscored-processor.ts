import { openAlarmStore } from "../platform/alarms/alarm-store.ts";
import { openRuleStore } from "../platform/alarms/rule-store.ts";
import { readConfig } from "../platform/config.ts";
import { hasTimescale, openDatabase } from "../platform/database/database.ts";
import { migrate } from "../platform/database/migrations.ts";
import { openSettingStore } from "../platform/database/setting-store.ts";
import { openCommandStore } from "../platform/devices/command-store.ts";
import { openDeviceStore } from "../platform/devices/device-store.ts";
import { openRollupStore } from "../platform/history/rollup-store.ts";
import { Lifecycle, stopSignal } from "../platform/lifecycle.ts";
import { openModelStore } from "../platform/models/model-store.ts";
import { openPreviewStore } from "../platform/models/preview-store.ts";
import { openTrainingStore } from "../platform/models/training-store.ts";
import { openTuningStore } from "../platform/models/tuning-store.ts";
import { openNotificationStore } from "../platform/notifications/notification-store.ts";
import { openRoutingStore } from "../platform/notifications/routing-store.ts";
import { openLedgerStore } from "../platform/readings/ledger-store.ts";
import { openReadingStore } from "../platform/readings/reading-store.ts";
import { openRejectionStore } from "../platform/readings/rejection-store.ts";
import { openRedisEvents } from "../platform/redis/events.ts";
import { openRedisStream } from "../platform/redis/stream.ts";
import { openLog, openMetrics } from "../platform/telemetry.ts";
import { noSteps } from "../processor/rules.ts";
import { startProcessor } from "../processor/service.ts";
import type { Scorer } from "../processor/shard-scorer.ts";
import type { Reading } from "../schema/reading.ts";
import type { ScoredReading } from "../schema/scored.ts";

// The processor as main.ts starts it, but for the scoring: every reading is ordinary and nothing is remembered. What it is faster
// by is what scoring costs.

function toUnscored({ deviceId, sensorType, timestampUs, value }: Reading): ScoredReading {
  return {
    ...{ deviceId, sensorType, timestampUs, value },
    ...{ score: 0, isAnomaly: false, confidence: 0, modelVersion: "none", isLate: false, explanation: null },
  };
}

const scorer: Scorer = {
  score: (deliveries) => {
    const readings = deliveries.flatMap((delivery) => delivery.readings.map(toUnscored));
    return Promise.resolve({ readings, anchors: [], bands: [], steps: noSteps, heard: new Map() });
  },
  forget: () => undefined,
};

const config = readConfig(["processor"]);
const log = openLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
const life = new Lifecycle(log, config.STOP_DEADLINE_SECONDS * 1000);
const { DATABASE_URL, REDIS_URL, SHARDS: shards, MAX_WAITING_READINGS: maxWaiting } = config;
if (DATABASE_URL === null || REDIS_URL === null) throw new Error("DATABASE_URL and REDIS_URL must be set");
const database = await life.add(
  "database",
  () => openDatabase({ url: DATABASE_URL, log, isSole: false, connections: shards + 8 }),
  (opened) => opened.close(),
);
await migrate(database, {
  hasTimescale: await hasTimescale(DATABASE_URL),
  chunkIntervalHours: config.CHUNK_INTERVAL_HOURS,
});
const stream = await life.add(
  "stream",
  () => openRedisStream({ url: REDIS_URL, shards, maxWaiting, log }),
  (opened) => opened.close(),
);
const events = await life.add(
  "events",
  () => openRedisEvents({ url: REDIS_URL, log }),
  (opened) => opened.close(),
);
await life.run("processor", () =>
  startProcessor({
    ...{ config, stream, events, log, metrics: openMetrics(), newScorer: () => scorer },
    readings: openReadingStore(database),
    rollups: openRollupStore(database),
    devices: openDeviceStore(database),
    models: openModelStore(database),
    training: openTrainingStore(database),
    ledger: openLedgerStore(database),
    rejections: openRejectionStore(database),
    commands: openCommandStore(database),
    alarms: openAlarmStore(database),
    rules: openRuleStore(database),
    routing: openRoutingStore(database),
    notifications: openNotificationStore(database),
    tunings: openTuningStore(database),
    previews: openPreviewStore(database),
    now: () => Date.now() * 1000,
    settings: openSettingStore(database, {
      activeDeviceTimeoutSeconds: config.ACTIVE_DEVICE_TIMEOUT_SECONDS,
    }),
  }),
);
log.info("ready");
await stopSignal();
await life.stop();
process.exit(0);
