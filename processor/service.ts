import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import type {
  DeviceStore,
  EventStream,
  ModelStore,
  ReadingStore,
  ReadingStream,
  Running,
  SettingStore,
} from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { forgetOld, pruneSilent } from "./prune.ts";
import { openModelRegistry } from "./registry.ts";
import { rest } from "./rest.ts";
import { runShard } from "./shard-loop.ts";

export interface ProcessorDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  readonly readings: ReadingStore;
  readonly devices: DeviceStore;
  readonly models: ModelStore;
  readonly settings: SettingStore;
  readonly log: Log;
  readonly metrics: Metrics;
}

const trainingIntervalMs = 10_000;
const lagIntervalMs = 5000;
const forgettingIntervalMs = 3_600_000;

/** Starts scoring and storing: a loop a shard, and beside them the jobs that keep models, board and tables in order. */
export async function startProcessor(deps: ProcessorDeps): Promise<Running> {
  const { config, stream, log, metrics } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const models = openModelRegistry({ store: deps.models, log, minReadings: config.MODEL_MIN_READINGS });
  await models.refresh();

  const shards = Array.from({ length: config.SHARDS }, (_, shard) =>
    runShard({ shard, stream, store: deps.readings, events: deps.events, models, log, metrics, signal }),
  );
  const every = (name: string, ms: number, job: () => Promise<unknown>) =>
    repeat({ name, ms, job, log, signal });
  const retention = {
    devicesDays: config.RETENTION_DEVICES_DAYS,
    rejectedDays: config.RETENTION_REJECTED_DAYS,
  };
  const jobs = [
    every("prune", config.PRUNE_INTERVAL_SECONDS * 1000, () => pruneSilent(deps)),
    every("train", trainingIntervalMs, () => models.trainMissing()),
    every("forget", forgettingIntervalMs, () => forgetOld(deps, retention)),
    every("lag", lagIntervalMs, async () => {
      const lag = await stream.lag();
      for (const [shard, entries] of lag.entries()) metrics.lag.set({ shard }, entries);
    }),
  ];

  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([...shards, ...jobs, models.close()]);
    },
  };
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
