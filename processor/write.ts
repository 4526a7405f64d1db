import { PlatformError } from "../platform/errors.ts";
import type { Batch, ShardWriter, Written } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { refusedReading } from "./batch.ts";
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
 * shard, since a connection that is gone has lost the lock with it. A reading that will never be accepted is found by halving
 * the batch and kept as a rejection, so that one bad row cannot hold up a shard.
 * @throws PlatformError STORE_DOWN or SHARD_LOST: nothing was acknowledged, the batch will be handed out again.
 */
export async function writeWhatCanBe(job: WriteJob): Promise<Written> {
  const { batch, metrics } = job;
  const observe = metrics.batchSeconds.startTimer();
  try {
    return await writePatiently(job);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== "STORE_REFUSED") throw error;
    const { readings, rejections, receivedUs } = batch;
    const [only] = readings;
    if (only === undefined) return dropRejections(job, error);
    if (readings.length === 1) {
      metrics.rejected.inc({ code: "STORE_REFUSED" });
      const refused = refusedReading(only, error.message, receivedUs);
      return writeWhatCanBe({
        ...job,
        batch: { readings: [], rejections: [...rejections, refused], receivedUs },
      });
    }
    const middle = readings.length >> 1;
    const first = { readings: readings.slice(0, middle), rejections, receivedUs };
    const second = { readings: readings.slice(middle), rejections: [], receivedUs };
    return sum(
      await writeWhatCanBe({ ...job, batch: first }),
      await writeWhatCanBe({ ...job, batch: second }),
    );
  } finally {
    observe();
  }
}

/**
 * Rejections are our own records of bad data, made storable where they are made. One that the database refuses all the same is
 * found by halving and logged in full, for there is nowhere else to keep it.
 */
async function dropRejections(job: WriteJob, error: PlatformError): Promise<Written> {
  const { rejections, receivedUs } = job.batch;
  if (rejections.length <= 1) {
    job.log.error({ rejection: rejections[0], reason: error.message }, "rejection not kept");
    return { inserted: 0, anomalies: [], awakened: [] };
  }
  const middle = rejections.length >> 1;
  for (const half of [rejections.slice(0, middle), rejections.slice(middle)]) {
    await writeWhatCanBe({ ...job, batch: { readings: [], rejections: half, receivedUs } });
  }
  return { inserted: 0, anomalies: [], awakened: [] };
}

async function writePatiently({ writer, batch, shard, log, metrics, signal }: WriteJob): Promise<Written> {
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
}

function sum(first: Written, second: Written): Written {
  return {
    inserted: first.inserted + second.inserted,
    anomalies: [...first.anomalies, ...second.anomalies],
    awakened: [...first.awakened, ...second.awakened],
  };
}
