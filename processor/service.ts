import { setMaxListeners } from "node:events";
import type { AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { RuleStore } from "../platform/alarms/rule-ports.ts";
import type { Config } from "../platform/config.ts";
import type { CommandStore } from "../platform/devices/command-ports.ts";
import type { RollupStore } from "../platform/history/ports.ts";
import type { ModelStore, TrainingStore } from "../platform/models/model-ports.ts";
import type { PreviewStore, TuningStore } from "../platform/models/tuning-ports.ts";
import type { NotificationStore, RoutingStore } from "../platform/notifications/notification-ports.ts";
import type {
  Clock,
  DeviceStore,
  EventStream,
  LedgerStore,
  ReadingStore,
  ReadingStream,
  RejectionStore,
  Running,
  SettingStore,
} from "../platform/ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { announceAlarms } from "./alarms.ts";
import { Attentions } from "./attention.ts";
import { type Calendar, openCalendar } from "./calendar.ts";
import { growFactoryModels } from "./factory.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { Dispatcher } from "./notifications/dispatcher.ts";
import { openMessengers } from "./notifications/messengers.ts";
import { answerPreview } from "./preview-desk.ts";
import { forgetHistory, forgetOld, openPruning } from "./prune.ts";
import { ModelRegistry } from "./registry.ts";
import { growerOf } from "./regrowth.ts";
import { repeat } from "./repeat.ts";
import { openRuleBook } from "./rule-book.ts";
import { memoryHere, roomForSeries } from "./series-room.ts";
import { openScorer, type Scorer, type ScorerDeps } from "./shard-scorer.ts";
import { keepShare } from "./shares.ts";
import { watchSilence } from "./silence-watch.ts";
import { ModelTrainer } from "./trainer.ts";
import { TuningBook } from "./tuning-book.ts";

export { scoreFile } from "./score-file.ts";
export { verifyModel } from "./verification.ts";

export interface ProcessorDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  readonly readings: ReadingStore;
  readonly rollups: RollupStore;
  readonly devices: DeviceStore;
  readonly rejections: RejectionStore;
  readonly commands: CommandStore;
  readonly alarms: AlarmStore;
  readonly rules: RuleStore;
  readonly routing: RoutingStore;
  readonly notifications: NotificationStore;
  readonly tunings: TuningStore;
  readonly previews: PreviewStore;
  readonly models: ModelStore;
  readonly training: TrainingStore;
  readonly settings: SettingStore;
  readonly ledger: LedgerStore;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How the readings of a shard are scored; only the benchmark that leaves scoring out has another way. */
  readonly newScorer?: (deps: ScorerDeps) => Scorer;
}

const modelsIntervalMs = 1000;
const ordersIntervalMs = 1000;
const shadowIntervalMs = 2000;
const trainingIntervalMs = 10_000;
const retrainingIntervalMs = 60_000;
const lagIntervalMs = 5000;
const ledgerIntervalMs = 10_000;
const foldingIntervalMs = 15_000;
const rulesIntervalMs = 1000;
const settlingIntervalMs = 1000;
const silenceIntervalMs = 2000;
const announcingIntervalMs = 250;
const dispatchingIntervalMs = 500;
const tuningIntervalMs = 1000;
const previewIntervalMs = 500;
const rollupIntervalMs = 15_000;
const forgettingIntervalMs = 3_600_000;

/** Starts scoring and storing: a loop a shard, and beside them the jobs that keep models, board and tables in order. */
export async function startProcessor(deps: ProcessorDeps): Promise<Running> {
  const { config, stream, log, metrics } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every job waits on it.
  setMaxListeners(32, signal);
  const { models, trainer, calendar, tunings, book } = await openKnowledge(deps);
  const newScorer = deps.newScorer ?? openScorer;
  const room = roomForSeries(memoryHere());
  const attention = new Attentions();
  const shares = keepShare({
    ...{ shards: config.SHARDS, stream, store: deps.readings, events: deps.events, log, metrics, signal },
    now: deps.now,
    attention,
    newScorer: (shardsOwned) =>
      newScorer({
        ...{ store: deps.readings, models, tunings, rules: deps.rules, book, metrics },
        mostSeries: () => Math.ceil(room / Math.max(1, shardsOwned())),
      }),
  });
  const watch = new LedgerWatch(deps);
  const dispatcher = newDispatcher(deps);
  const every = (name: string, ms: number, job: () => Promise<unknown>) =>
    repeat({ name, ms, job, dice: Math.random, log, signal });
  const storms = {
    devices: config.STORM_DEVICES,
    sharePercent: config.STORM_SHARE_PERCENT,
    windowMs: config.STORM_WINDOW_SECONDS * 1000,
  };
  const retention = retentionOf(config);
  const jobs = [
    every("prune", config.PRUNE_INTERVAL_SECONDS * 1000, openPruning({ ...deps, shards: config.SHARDS })),
    every("read rules", rulesIntervalMs, () => book.refresh()),
    every("settle alarms", settlingIntervalMs, () => deps.alarms.settle(config.ALARM_CLEAR_SECONDS * 1000)),
    every("watch silence", silenceIntervalMs, () =>
      watchSilence({ ...deps, attention, shards: config.SHARDS }),
    ),
    every("announce alarms", announcingIntervalMs, () => announceAlarms({ ...deps, storms })),
    every("send notifications", dispatchingIntervalMs, () => dispatcher.look()),
    every("count notifications", lagIntervalMs, () => countNotifications(deps)),
    every("tunings", tuningIntervalMs, () => tunings.refresh()),
    every("previews", previewIntervalMs, () =>
      answerPreviews({ ...deps, registry: models, calendar, signal }),
    ),
    every("take over models", modelsIntervalMs, () => models.refresh()),
    every("write down shadows", shadowIntervalMs, () => models.flush()),
    every("train what is ordered", ordersIntervalMs, () => trainer.carryOut()),
    every("train", trainingIntervalMs, () => trainer.trainMissing()),
    every("train again", retrainingIntervalMs, () => trainer.trainDue()),
    every("forget", forgettingIntervalMs, () => forgetOld(deps, retention.tables)),
    every("roll up", rollupIntervalMs, () => deps.rollups.rollUp()),
    every("forget history", forgettingIntervalMs, () =>
      forgetHistory(deps.rollups, { retention: retention.history, signal }),
    ),
    every("lag", lagIntervalMs, async () => {
      for (const { shard, entries } of await stream.tallies()) metrics.lag.set({ shard }, entries);
    }),
    every("ledger", ledgerIntervalMs, () => watch.look()),
    every("fold", foldingIntervalMs, () => foldAll(deps.ledger)),
  ];

  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([shares, ...jobs, dispatcher.stop(), trainer.close()]);
    },
  };
}

function retentionOf(config: Config) {
  return {
    tables: {
      devicesDays: config.RETENTION_DEVICES_DAYS,
      rejectedDays: config.RETENTION_REJECTED_DAYS,
      commandsDays: config.RETENTION_COMMANDS_DAYS,
      alarmsDays: config.RETENTION_ALARMS_DAYS,
      notificationsDays: config.RETENTION_NOTIFICATIONS_DAYS,
    },
    history: {
      readingsDays: config.RETENTION_READINGS_DAYS,
      minutesDays: config.RETENTION_MINUTES_DAYS,
      hoursDays: config.RETENTION_HOURS_DAYS,
    },
  };
}

/** What verdicts follow from beside the readings, as the store has it now. */
async function openKnowledge({ config, log, ...stores }: ProcessorDeps) {
  const factory = growFactoryModels();
  const models = new ModelRegistry({ store: stores.models, log, factory });
  const trainer = new ModelTrainer({
    ...{ store: stores.training, registry: models, log, grower: growerOf(factory) },
    minReadings: config.MODEL_MIN_READINGS,
    retrainHours: config.MODEL_RETRAIN_HOURS,
    quietUs: config.ALARM_CLEAR_SECONDS * 1_000_000,
  });
  const calendar = openCalendar(config.TIME_ZONE);
  const tunings = new TuningBook(stores.tunings, calendar);
  const book = openRuleBook(stores.rules);
  await Promise.all([models.refresh(), tunings.refresh(), book.refresh()]);
  return { models, trainer, calendar, tunings, book };
}

function newDispatcher({ config, events, notifications: store, log, metrics }: ProcessorDeps): Dispatcher {
  return new Dispatcher({
    messengers: openMessengers({ config, events }),
    timeoutMs: config.NOTIFICATION_TIMEOUT_SECONDS * 1000,
    mostAttempts: config.NOTIFICATION_ATTEMPTS,
    dice: Math.random,
    ...{ store, log, metrics },
  });
}

async function countNotifications({ notifications, metrics }: ProcessorDeps): Promise<void> {
  const { waiting, dead, oldestSeconds } = await notifications.backlog();
  metrics.notificationsWaiting.set(waiting);
  metrics.notificationsDead.set(dead);
  metrics.notificationsOldest.set(oldestSeconds);
}

interface Previewing extends ProcessorDeps {
  readonly registry: ModelRegistry;
  readonly calendar: Calendar;
  readonly signal: AbortSignal;
}

/** Answers the previews that wait, one after another. */
async function answerPreviews({ registry, calendar, signal, config, ...deps }: Previewing): Promise<void> {
  const { previews, tunings, now, log } = deps;
  const quietUs = config.ALARM_CLEAR_SECONDS * 1e6;
  const modelFor = (key: SeriesKey) => registry.judgesOf(key).model;
  const desk = { previews, tunings, now, log, calendar, signal, quietUs, modelFor };
  while (!signal.aborted && (await answerPreview(desk)));
}

/** A fold takes a bounded number of batches; while there are as many, more may wait. */
async function foldAll(ledger: LedgerStore): Promise<void> {
  while (!(await ledger.fold()).isDone);
}
