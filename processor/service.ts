import type { AlarmStore } from "../platform/alarm-ports.ts";
import type { CommandStore } from "../platform/command-ports.ts";
import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import type { ModelStore, TrainingStore } from "../platform/model-ports.ts";
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
import type { Log, Metrics } from "../platform/telemetry.ts";
import { announceAlarms } from "./alarms.ts";
import { growFactoryModels } from "./factory.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { forgetOld, pruneSilent } from "./prune.ts";
import { ModelRegistry } from "./registry.ts";
import { growerOf } from "./regrowth.ts";
import { rest } from "./rest.ts";
import { openScorer, type Scorer, type ScorerDeps } from "./shard-scorer.ts";
import { keepShare } from "./shares.ts";
import { ModelTrainer } from "./trainer.ts";

export { scoreFile } from "./score-file.ts";
export { verifyModel } from "./verification.ts";

export interface ProcessorDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  readonly readings: ReadingStore;
  readonly devices: DeviceStore;
  readonly rejections: RejectionStore;
  readonly commands: CommandStore;
  readonly alarms: AlarmStore;
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

/** Series a processor remembers when it owns every shard; each takes about 800 bytes. */
const rememberedSeries = 1_000_000;
const modelsIntervalMs = 1000;
const ordersIntervalMs = 1000;
const shadowIntervalMs = 2000;
const trainingIntervalMs = 10_000;
const retrainingIntervalMs = 60_000;
const lagIntervalMs = 5000;
const ledgerIntervalMs = 10_000;
const foldingIntervalMs = 15_000;
const settlingIntervalMs = 1000;
const announcingIntervalMs = 250;
const forgettingIntervalMs = 3_600_000;

/** Starts scoring and storing: a loop a shard, and beside them the jobs that keep models, board and tables in order. */
export async function startProcessor(deps: ProcessorDeps): Promise<Running> {
  const { config, stream, log, metrics } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const factory = growFactoryModels();
  const models = new ModelRegistry({ store: deps.models, log, factory });
  await models.refresh();
  const trainer = new ModelTrainer({
    ...{ store: deps.training, registry: models, log, grower: growerOf(factory) },
    minReadings: config.MODEL_MIN_READINGS,
    retrainHours: config.MODEL_RETRAIN_HOURS,
    quietUs: config.ALARM_CLEAR_SECONDS * 1_000_000,
  });

  const newScorer = deps.newScorer ?? openScorer;
  const mostSeries = Math.ceil(rememberedSeries / config.SHARDS);
  const shares = keepShare({
    ...{ shards: config.SHARDS, stream, store: deps.readings, events: deps.events, log, metrics, signal },
    now: deps.now,
    newScorer: () => newScorer({ store: deps.readings, models, mostSeries }),
  });
  const watch = new LedgerWatch(deps);
  const every = (name: string, ms: number, job: () => Promise<unknown>) =>
    repeat({ name, ms, job, log, signal });
  const retention = {
    devicesDays: config.RETENTION_DEVICES_DAYS,
    rejectedDays: config.RETENTION_REJECTED_DAYS,
    commandsDays: config.RETENTION_COMMANDS_DAYS,
  };
  const jobs = [
    every("prune", config.PRUNE_INTERVAL_SECONDS * 1000, () => pruneSilent(deps)),
    every("settle alarms", settlingIntervalMs, () => deps.alarms.settle(config.ALARM_CLEAR_SECONDS * 1000)),
    every("announce alarms", announcingIntervalMs, () => announceAlarms(deps)),
    every("take over models", modelsIntervalMs, () => models.refresh()),
    every("write down shadows", shadowIntervalMs, () => models.flush()),
    every("train what is ordered", ordersIntervalMs, () => trainer.carryOut()),
    every("train", trainingIntervalMs, () => trainer.trainMissing()),
    every("train again", retrainingIntervalMs, () => trainer.trainDue()),
    every("forget", forgettingIntervalMs, () => forgetOld(deps, retention)),
    every("lag", lagIntervalMs, async () => {
      for (const { shard, entries } of await stream.tallies()) metrics.lag.set({ shard }, entries);
    }),
    every("ledger", ledgerIntervalMs, () => watch.look()),
    every("fold", foldingIntervalMs, () => foldAll(deps.ledger)),
  ];

  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([shares, ...jobs, trainer.close()]);
    },
  };
}

/** A fold takes a bounded number of batches; while there are as many, more may wait. */
async function foldAll(ledger: LedgerStore): Promise<void> {
  while (!(await ledger.fold()).isDone);
}

interface Repetition {
  readonly name: string;
  readonly ms: number;
  readonly job: () => Promise<unknown>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Runs a job again and again, never twice at once; a failure is logged and the next turn tries again. */
async function repeat({ name, ms, job, log, signal }: Repetition): Promise<void> {
  while (!signal.aborted) {
    await rest(ms, signal);
    if (signal.aborted) return;
    try {
      await job();
    } catch (error) {
      if (!signal.aborted) log.warn({ job: name, reason: messageOf(error) }, "job failed");
    }
  }
}
