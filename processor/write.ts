import { PlatformError } from "../platform/errors.ts";
import type { ShardWriter } from "../platform/ports.ts";
import type { Batch, Written } from "../platform/readings/shard-batch.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { rest } from "./rest.ts";

export interface WriteJob {
  readonly writer: ShardWriter;
  readonly batch: Batch;
  readonly shard: number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

const attemptsPerPen = 5;

/**
 * Writes a batch. While the database is away the same scores are tried again, a few times with this pen; then it gives up the
 * shard, since a connection that is gone has lost the lock with it.
 * @throws PlatformError STORE_DOWN or SHARD_LOST: nothing was acknowledged, the batch will be handed out again.
 */
export async function writePatiently({
  writer,
  batch,
  shard,
  log,
  metrics,
  signal,
}: WriteJob): Promise<Written> {
  const observe = metrics.batchSeconds.startTimer();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await writer.write(batch);
      } catch (error) {
        const isPassing = error instanceof PlatformError && error.retryable;
        if (!isPassing || attempt === attemptsPerPen || signal.aborted) throw error;
        metrics.writeRetries.inc();
        log.warn(
          { shard, attempt, readings: batch.readings.length, reason: error.message },
          "batch not written yet",
        );
        await rest(100 * 2 ** attempt, signal);
      }
    }
  } finally {
    observe();
  }
}
