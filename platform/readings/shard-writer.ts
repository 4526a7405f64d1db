import { type Kysely, sql, type Transaction } from "kysely";
import { toPresence } from "../../schema/event.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database, isAnswer, storeFailure } from "../database/database.ts";
import { beat, hold } from "../database/held-connection.ts";
import { insertRejections } from "../database/sql.ts";
import { PlatformError } from "../errors.ts";
import type { ShardWriter } from "../ports.ts";
import { type BatchOutcome, type CustodyKey, runBatch, type Unsaid } from "./batch-statement.ts";
import type { Batch, Custody, Positions, SeriesKey, Written } from "./shard-batch.ts";

/** First key of every shard's advisory lock, "tide" in ASCII, so that other users of the database do not meet ours. */
export const lockSpace = 0x74696465;

/**
 * Takes the pen of a shard: an advisory lock on the very connection that writes its rows, so a processor that lost its lock
 * has lost its connection, and with it the means to write. Null while another processor has it.
 */
export async function claimShard(database: Database, key: CustodyKey): Promise<ShardWriter | null> {
  if (database.isSole) {
    const never = new AbortController().signal;
    const stopHeart = beat(database.db, { onSilence: () => undefined, onEnd: () => undefined });
    return openPen(key, { db: database.db, lost: never, release: () => Promise.resolve(stopHeart()) });
  }
  const held = await hold(database, `shard ${key.shard}`);
  const release = async (): Promise<void> => {
    // A connection that is gone has given its lock up already.
    await sql`SELECT pg_advisory_unlock(${lockSpace}, ${key.shard})`.execute(held.db).catch(() => undefined);
    await held.release();
  };
  try {
    const { rows } = await asking(`claim shard ${key.shard}`, () =>
      sql<{ locked: boolean }>`SELECT pg_try_advisory_lock(${lockSpace}, ${key.shard}) AS locked`.execute(
        held.db,
      ),
    );
    if (rows[0]?.locked === true) return await openPen(key, { ...held, release });
  } catch (error) {
    await release();
    throw error;
  }
  await held.release();
  return null;
}

interface PenParts {
  readonly db: Kysely<Tables>;
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
}

interface CustodyRecord {
  id: string;
  batch: number;
  positions: Positions;
  unsaid: Unsaid | null;
}

async function openPen(key: CustodyKey, parts: PenParts): Promise<ShardWriter> {
  const { rows } = await asking(`read the record of shard ${key.shard}`, async () => {
    await sql`INSERT INTO custody (stream_id, shard) VALUES (${key.streamId}, ${key.shard}) ON CONFLICT DO NOTHING`.execute(
      parts.db,
    );
    return sql<CustodyRecord>`
      SELECT id, batch, positions, unsaid FROM custody
      WHERE stream_id = ${key.streamId} AND shard = ${key.shard}`.execute(parts.db);
  });
  const [record] = rows;
  if (record === undefined)
    throw storeFailure(`read the record of shard ${key.shard}`, new Error("it is not there"));
  return new Pen(key, parts, record);
}

function toCustody({ id, batch, positions, unsaid }: CustodyRecord, shard: number): Custody {
  if (unsaid === null) return { positions, unsaid: null };
  const awakened = toPresence("device-active", unsaid.awakened ?? [], Date.now() * 1000);
  return {
    positions,
    unsaid: { events: [...awakened, ...(unsaid.anomalies ?? [])], receipt: { shard, custody: id, batch } },
  };
}

/** What of a batch the database would not have. */
type Left = Pick<Written, "refused" | "dropped">;

class Pen implements ShardWriter {
  readonly custody: Custody;
  readonly lost: AbortSignal;
  readonly #key: CustodyKey;
  readonly #custodyId: string;
  readonly #parts: PenParts;
  #isReleased = false;
  #isInDoubt = false;

  constructor(key: CustodyKey, parts: PenParts, record: CustodyRecord) {
    this.custody = toCustody(record, key.shard);
    this.lost = parts.lost;
    this.#key = key;
    this.#custodyId = record.id;
    this.#parts = parts;
  }

  async write(batch: Batch): Promise<Written> {
    try {
      return this.#toWritten(await this.#commit(batch), { refused: [], dropped: [] });
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "STORE_REFUSED") throw error;
      const { accepted, ...left } = await this.#sift(batch, error.message);
      return this.#toWritten(await this.#commit(accepted), left);
    }
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#parts.release();
  }

  #toWritten({ batch, ...outcome }: BatchOutcome, left: Left): Written {
    const receipt = { shard: this.#key.shard, custody: this.#custodyId, batch: batch ?? 0 };
    return { ...outcome, ...left, receipt };
  }

  async #commit(batch: Batch): Promise<BatchOutcome> {
    if (this.#isReleased || this.#isInDoubt || this.lost.aborted) {
      throw new PlatformError("SHARD_LOST", `shard ${this.#key.shard} was given up`, { retryable: false });
    }
    const { db } = this.#parts;
    try {
      if (batch.rejections.length === 0) return await runBatch(db, batch, this.#key);
      return await db.transaction().execute((transaction) => this.#runWhole(transaction, batch));
    } catch (cause) {
      // It may have been committed all the same; whoever takes the pen next reads in the record whether it was.
      if (!isAnswer(cause)) this.#isInDoubt = true;
      throw storeFailure(`write ${batch.readings.length} readings`, cause);
    }
  }

  async #runWhole(transaction: Transaction<Tables>, batch: Batch): Promise<BatchOutcome> {
    await insertRejections(transaction, batch.rejections);
    return runBatch(transaction, batch, this.#key);
  }

  /**
   * Finds, by halving and without committing anything, what the database will never have: such a reading becomes a rejection. A
   * rejection that is refused itself is dropped, and the ledger says that it is missing.
   */
  async #sift(batch: Batch, reason: string): Promise<Left & { readonly accepted: Batch }> {
    const refused = new Set(
      await this.#refusedAmong(batch.readings, (readings) => ({
        ...batch,
        readings,
        rejections: [],
        bands: [],
      })),
    );
    const dropped = new Set(
      await this.#refusedAmong(batch.rejections, (rejections) => ({
        ...batch,
        readings: [],
        rejections,
        bands: [],
      })),
    );
    const instead = [...refused].map((reading) => batch.toRefused(reading, reason));
    const kept = batch.rejections.filter((rejection) => !dropped.has(rejection));
    const readings = batch.readings.filter((reading) => !refused.has(reading));
    const spoilt = new Set([...refused].map(({ deviceId, sensorType }) => `${deviceId}/${sensorType}`));
    const isSpoilt = ({ deviceId, sensorType }: SeriesKey) => spoilt.has(`${deviceId}/${sensorType}`);
    const anchors = batch.anchors.filter((anchor) => !isSpoilt(anchor));
    const bands = batch.bands.filter((band) => !isSpoilt(band));
    const steps = {
      // Those that were not stored raise nothing anyway.
      strikes: batch.steps.strikes,
      ends: batch.steps.ends.filter((end) => !isSpoilt(end)),
      begins: batch.steps.begins.filter((begin) => !isSpoilt(begin)),
    };
    const accepted = { ...batch, readings, rejections: [...kept, ...instead], anchors, bands, steps };
    return { accepted, refused: [...refused], dropped: [...dropped] };
  }

  async #refusedAmong<T>(items: readonly T[], toBatch: (part: readonly T[]) => Batch): Promise<readonly T[]> {
    if (items.length === 0 || (await this.#wouldTake(toBatch(items)))) return [];
    if (items.length === 1) return items;
    const middle = items.length >> 1;
    const first = await this.#refusedAmong(items.slice(0, middle), toBatch);
    return [...first, ...(await this.#refusedAmong(items.slice(middle), toBatch))];
  }

  async #wouldTake(batch: Batch): Promise<boolean> {
    try {
      await this.#parts.db.transaction().execute(async (transaction) => {
        await this.#runWhole(transaction, batch);
        throw new Rehearsal();
      });
    } catch (cause) {
      if (cause instanceof Rehearsal) return true;
      const failure = storeFailure(`try ${batch.readings.length} readings`, cause);
      if (failure.code === "STORE_REFUSED") return false;
      throw failure;
    }
    return true;
  }
}

/** Thrown at the end of a transaction that was only a try. */
class Rehearsal extends Error {
  override readonly name = "Rehearsal";
}
