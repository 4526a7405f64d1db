import { type Kysely, sql, type Transaction } from "kysely";
import {
  type DeviceAccount,
  type DeviceComparison,
  observed,
  type ShardAccount,
  type ShardTally,
} from "../../schema/ledger.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import type { LedgerStore } from "../ports.ts";

/** Of the advisory lock of whoever looks at both sides of the ledger, "ledg" in ASCII. */
const lookLock = 0x6c656467;
/** Batches added up at a time: enough to spare the totals, few enough to be quick. */
const foldedBatches = 5000;

/** Opens the database's side of the ledger. The other side is the stream's own count. */
export function openLedgerStore({ db }: Database): LedgerStore {
  return {
    accounts: () => asking("read the ledger", () => accounts(db)),
    look: (tallies) =>
      asking("look at the ledger", () =>
        db.transaction().execute(async (transaction) => {
          const { rows } = await sql<{ locked: boolean }>`
            SELECT pg_try_advisory_xact_lock(${lookLock}) AS locked`.execute(transaction);
          if (rows[0]?.locked !== true) return null;
          // With the lock held, so a tally is never older than what was observed before.
          const before = await accounts(transaction);
          const seen = await tallies();
          await observe(transaction, before, seen);
          return { before, tallies: seen, after: await accounts(transaction) };
        }),
      ),
    devices: (query) => asking("read the ledger of devices", () => devices(db, query)),
    device: (deviceId) =>
      asking(`read the ledger of ${deviceId}`, async () => (await accountsOf(db, [deviceId]))[0] ?? null),
    fold: () => asking("add up the ledger", () => fold(db)),
    compare: (query) => asking("compare the ledger with the readings", () => compare(db, query)),
  };
}

async function accounts(db: Kysely<Tables> | Transaction<Tables>): Promise<readonly ShardAccount[]> {
  const rows = await db
    .selectFrom("custody")
    .select(["stream_id", "shard", "stored", "duplicate", "rejected", "observed", "setback", "server"])
    .execute();
  return rows.map(({ stream_id, ...row }) => ({ ...row, streamId: stream_id }));
}

async function observe(
  transaction: Transaction<Tables>,
  before: readonly ShardAccount[],
  tallies: readonly ShardTally[],
): Promise<void> {
  for (const account of before) {
    const tally = tallies.find(
      ({ streamId, shard }) => streamId === account.streamId && shard === account.shard,
    );
    if (tally === undefined) continue;
    const now = observed(account, tally);
    const isSame = now.observed === account.observed && now.setback === account.setback;
    if (isSame && now.server === account.server) continue;
    await transaction
      .updateTable("custody")
      .set(now)
      .where("stream_id", "=", account.streamId)
      .where("shard", "=", account.shard)
      .execute();
  }
}

async function devices(
  db: Kysely<Tables>,
  { after, limit }: { after: string; limit: number },
): Promise<readonly DeviceAccount[]> {
  const { rows } = await sql<{ device_id: string }>`
    SELECT device_id FROM device_ledger WHERE device_id > ${after}
    UNION SELECT n.device_id FROM ledger_journal j, unnest(j.device_ids) AS n(device_id) WHERE n.device_id > ${after}
    ORDER BY device_id LIMIT ${limit}`.execute(db);
  return accountsOf(
    db,
    rows.map((row) => row.device_id),
  );
}

/** What was added up and what was not yet, in one snapshot. */
async function accountsOf(
  db: Kysely<Tables>,
  deviceIds: readonly string[],
): Promise<readonly DeviceAccount[]> {
  const { rows } = await sql<{ device_id: string; stored: number; duplicate: number; rejected: number }>`
    WITH named AS (SELECT unnest(${[...deviceIds]}::text[]) AS device_id), noted AS (
      SELECT n.device_id, n.stored::bigint, (n.received - n.stored)::bigint AS duplicate, n.rejected::bigint
      FROM ledger_journal j, unnest(j.device_ids, j.received, j.stored, j.rejected) AS n(device_id, received, stored, rejected)
      WHERE n.device_id = ANY(${[...deviceIds]}::text[])
      UNION ALL
      SELECT device_id, stored, duplicate, rejected FROM device_ledger WHERE device_id = ANY(${[...deviceIds]}::text[])
    )
    SELECT device_id, sum(stored)::bigint AS stored, sum(duplicate)::bigint AS duplicate, sum(rejected)::bigint AS rejected
    FROM noted GROUP BY device_id ORDER BY device_id`.execute(db);
  return rows.map(({ device_id, ...row }) => ({ ...row, deviceId: device_id }));
}

/** The rows are locked, so two processors never add up the same batch; in the order of ids, so they never wait in a ring. */
async function fold(db: Kysely<Tables>): Promise<{ batches: number; isDone: boolean }> {
  const { rows } = await sql<{ batches: number }>`
    WITH chosen AS (
      SELECT id FROM ledger_journal ORDER BY id LIMIT ${foldedBatches} FOR UPDATE SKIP LOCKED
    ), taken AS (
      DELETE FROM ledger_journal WHERE id IN (SELECT id FROM chosen) RETURNING *
    ), sums AS (
      SELECT n.device_id, sum(n.stored) AS stored, sum(n.received - n.stored) AS duplicate, sum(n.rejected) AS rejected
      FROM taken j, unnest(j.device_ids, j.received, j.stored, j.rejected) AS n(device_id, received, stored, rejected)
      GROUP BY n.device_id
    ), folded AS (
      INSERT INTO device_ledger (device_id, stored, duplicate, rejected)
      SELECT device_id, stored, duplicate, rejected FROM sums ORDER BY device_id
      ON CONFLICT (device_id) DO UPDATE SET
        stored = device_ledger.stored + excluded.stored,
        duplicate = device_ledger.duplicate + excluded.duplicate,
        rejected = device_ledger.rejected + excluded.rejected
    )
    SELECT count(*) AS batches FROM taken`.execute(db);
  const batches = rows[0]?.batches ?? 0;
  return { batches, isDone: batches < foldedBatches };
}

/** Account and rows in one statement, so in one snapshot. */
async function compare(
  db: Kysely<Tables>,
  { after, limit }: { after: string; limit: number },
): Promise<DeviceComparison> {
  const { rows } = await sql<{ device_id: string; pruned: boolean; stored: number; rows: number }>`
    WITH chosen AS (
      SELECT device_id, stored FROM device_ledger WHERE device_id > ${after} ORDER BY device_id LIMIT ${limit}
    ), noted AS (
      SELECT n.device_id, sum(n.stored)::bigint AS stored
      FROM ledger_journal j, unnest(j.device_ids, j.stored) AS n(device_id, stored)
      WHERE n.device_id IN (SELECT device_id FROM chosen) GROUP BY n.device_id
    )
    SELECT d.device_id, (SELECT count(*) FROM history_state WHERE readings_since > '-infinity') > 0 AS pruned,
      d.stored + coalesce(n.stored, 0) AS stored,
      (SELECT count(*) FROM readings WHERE readings.device_id = d.device_id) AS rows
    FROM chosen d
    LEFT JOIN noted n USING (device_id)
    ORDER BY d.device_id`.execute(db);
  return {
    compared: rows.length,
    last: rows.length < limit ? "" : (rows.at(-1)?.device_id ?? ""),
    differing: rows
      // Where old readings are removed there may be fewer.
      .filter((row) => (row.pruned ? row.rows > row.stored : row.rows !== row.stored))
      .map((row) => ({ deviceId: row.device_id, stored: row.stored, rows: row.rows })),
  };
}
