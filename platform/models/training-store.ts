import { type Kysely, sql, type Transaction } from "kysely";
import type { Reading } from "../../schema/reading.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { hold } from "../database/held-connection.ts";
import { inMs, micros, toInstant } from "../database/sql.ts";
import type { GrownModel, TrainingEnd, TrainingStore } from "./model-ports.ts";

/** Of the advisory lock of whoever trains, "trai" in ASCII. */
const trainingLock = 0x74726169;
/** Retired versions of a type whose bytes are kept, the newest; those that somebody may go back to by one step are kept as well. */
const keptVersions = 5;

interface HistoryRow {
  device_id: string;
  timestamp_us: number;
  value: number;
}

/** Opens the store of whatever models are trained from, and of what comes of it. */
export function openTrainingStore(database: Database): TrainingStore {
  const { db } = database;
  return {
    alone: (work) => alone(database, work),
    orders: () =>
      asking("look for trainings that are ordered", () =>
        db
          .selectFrom("model_types")
          .select(["sensor_type as sensorType", "order_by as by", "order_version as version"])
          .where("order_by", "is not", null)
          .$narrowType<{ by: string }>()
          .orderBy("order_at")
          .execute(),
      ),
    typesWithHistory: (minReadings, except) =>
      asking("look for sensor types without a model", () => typesWithHistory(db, minReadings, except)),
    typesDue: (sensorTypes, hours) =>
      asking("look which models are old", () => typesDue(db, sensorTypes, hours)),
    history: (sensorType, { devices, readings }) =>
      asking(`read the history of ${sensorType}`, async () => {
        const { rows } = await sql<HistoryRow>`
          SELECT d.device_id, r.timestamp_us, r.value
          FROM (SELECT device_id FROM device_latest WHERE sensor_type = ${sensorType} ORDER BY device_id LIMIT ${devices}) d
          CROSS JOIN LATERAL (
            SELECT ${micros("ts")} AS timestamp_us, value FROM readings
            WHERE readings.device_id = d.device_id AND sensor_type = ${sensorType} AND NOT is_late
            ORDER BY ts DESC LIMIT ${readings}
          ) r
          ORDER BY d.device_id, r.timestamp_us`.execute(db);
        return rows.map((row) => toReading(sensorType, row));
      }),
    historyWithin: (sensorType, ranges) =>
      asking(`read the history of ${sensorType} again`, async () => {
        const { rows } = await sql<HistoryRow>`
          SELECT d.device_id, ${micros("ts")} AS timestamp_us, r.value
          FROM unnest(
            ${ranges.map((range) => range.deviceId)}::text[],
            ${ranges.map((range) => range.fromUs)}::bigint[],
            ${ranges.map((range) => range.untilUs)}::bigint[]
          ) WITH ORDINALITY AS d(device_id, from_us, until_us, place)
          JOIN readings r ON r.device_id = d.device_id AND r.sensor_type = ${sensorType} AND NOT r.is_late
            AND r.ts BETWEEN ${toInstant(sql`d.from_us`)} AND ${toInstant(sql`d.until_us`)}
          ORDER BY d.place, r.ts`.execute(db);
        return rows.map((row) => toReading(sensorType, row));
      }),
    versionsOf: (sensorType) =>
      asking(`look which versions ${sensorType} has`, async () => {
        const { rows } = await sql<{ active: number | null; newest: number }>`
          SELECT (SELECT active FROM model_types WHERE sensor_type = ${sensorType}) AS active,
            (SELECT coalesce(max(version), 0) FROM models WHERE sensor_type = ${sensorType}) AS newest`.execute(
          db,
        );
        return rows[0] ?? { active: null, newest: 0 };
      }),
    recipe: (sensorType, version) =>
      asking(`look what ${sensorType}@${version} was grown from`, async () => {
        const row = await db
          .selectFrom("models")
          .select(["seed", "digest", "grower", "series"])
          .where("sensor_type", "=", sensorType)
          .where("version", "=", version)
          .executeTakeFirst();
        return row === undefined ? null : { sensorType, version, ...row };
      }),
    save: (model, as) =>
      asking(`save the model ${model.sensorType}@${model.version}`, () =>
        db.transaction().execute((transaction) => save(transaction, model, as)),
      ),
    restore: ({ sensorType, version, compiled }, by) =>
      asking(`keep ${sensorType}@${version} again`, () =>
        db.transaction().execute(async (transaction) => {
          await transaction
            .updateTable("models")
            .set({ compiled: Buffer.from(compiled), verified_at: sql<Date>`now()` })
            .where("sensor_type", "=", sensorType)
            .where("version", "=", version)
            .execute();
          await endOrder(transaction, { sensorType, by }, null);
        }),
      ),
    setBack: (training, reason) =>
      asking(`note why ${training.sensorType} was not trained`, async () => {
        await notice(db, [training.sensorType]);
        await endOrder(db, training, reason);
      }),
  };
}

/** The lock lasts as long as the session, so whoever is killed gives it up. */
async function alone(database: Database, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  if (database.isSole) {
    await work(new AbortController().signal);
    return true;
  }
  const held = await hold(database, "training");
  try {
    const { rows } = await asking("take the training of models", () =>
      sql<{ locked: boolean }>`SELECT pg_try_advisory_lock(${trainingLock}) AS locked`.execute(held.db),
    );
    if (rows[0]?.locked !== true) return false;
    try {
      await work(held.lost);
    } finally {
      // A session that is over has no lock.
      await sql`SELECT pg_advisory_unlock(${trainingLock})`.execute(held.db).catch(() => undefined);
    }
    return true;
  } finally {
    await held.release();
  }
}

async function typesWithHistory(
  db: Kysely<Tables>,
  minReadings: number,
  except: readonly string[],
): Promise<readonly string[]> {
  // Types come from device_latest, which is small; each is then counted only as far as needed.
  const { rows } = await sql<{ sensor_type: string }>`
    SELECT sensor_type FROM (
      SELECT DISTINCT sensor_type FROM device_latest WHERE sensor_type <> ALL(${[...except]}::text[])
    ) types
    WHERE (
      SELECT count(*) FROM (
        SELECT 1 FROM device_latest d JOIN readings r USING (device_id, sensor_type)
        WHERE d.sensor_type = types.sensor_type LIMIT ${minReadings}
      ) enough
    ) >= ${minReadings}
    ORDER BY sensor_type`.execute(db);
  return rows.map((row) => row.sensor_type);
}

async function typesDue(
  db: Kysely<Tables>,
  sensorTypes: readonly string[],
  hours: number,
): Promise<readonly string[]> {
  await notice(db, sensorTypes);
  const due = inMs(-hours * 3_600_000);
  const { rows } = await sql<{ sensor_type: string }>`
    SELECT sensor_type FROM model_types WHERE sensor_type = ANY(${[...sensorTypes]}::text[])
      AND NOT pinned AND order_by IS NULL AND noticed_at < ${due} AND (setback_at IS NULL OR setback_at < ${due})
      AND NOT EXISTS (
        SELECT FROM models WHERE models.sensor_type = model_types.sensor_type AND created_at >= ${due}
      )
    ORDER BY sensor_type`.execute(db);
  return rows.map((row) => row.sensor_type);
}

/** A row for each of these types. */
async function notice(db: Kysely<Tables>, sensorTypes: readonly string[]): Promise<void> {
  await sql`INSERT INTO model_types (sensor_type) SELECT * FROM unnest(${[...sensorTypes]}::text[])
    ON CONFLICT DO NOTHING`.execute(db);
}

/**
 * The revision stays: who decides on a type decides nothing by its orders. What somebody else ordered while this was trained is still to
 * be obeyed.
 */
async function endOrder(
  db: Kysely<Tables>,
  { sensorType, by }: TrainingEnd,
  setback: string | null,
): Promise<void> {
  await db
    .updateTable("model_types")
    .set({ setback, setback_at: setback === null ? null : sql<Date>`now()` })
    .where("sensor_type", "=", sensorType)
    .execute();
  await db
    .updateTable("model_types")
    .set({ order_by: null, order_at: null, order_version: null })
    .where("sensor_type", "=", sensorType)
    .where("order_by", "=", by)
    .execute();
}

async function save(
  transaction: Transaction<Tables>,
  model: GrownModel,
  as: "candidate" | "active",
): Promise<boolean> {
  const { sensorType, version } = model;
  await notice(transaction, [sensorType]);
  const type = await transaction
    .selectFrom("model_types")
    .select("active")
    .where("sensor_type", "=", sensorType)
    .forUpdate()
    .executeTakeFirstOrThrow();
  // Nobody's decision is replaced: what was activated meanwhile stays, and this one is offered beside it.
  const isActive = as === "active" && type.active === model.parent;
  const result = await transaction
    .insertInto("models")
    .values({
      ...{ sensor_type: sensorType, version, compiled: Buffer.from(model.compiled), seed: model.seed },
      ...{
        training_rows: model.rows,
        digest: model.digest,
        grower: model.grower,
        created_by: model.createdBy,
      },
      ...{ parent: model.parent, before: isActive ? type.active : null },
      series: JSON.stringify(model.series),
      metrics: JSON.stringify(model.metrics),
      replay: model.replay === null ? null : JSON.stringify(model.replay),
    })
    .onConflict((conflict) => conflict.columns(["sensor_type", "version"]).doNothing())
    .executeTakeFirst();
  if (Number(result.numInsertedOrUpdatedRows ?? 0) === 0) return false;
  await transaction
    .updateTable("model_types")
    .set(isActive ? { active: version } : { candidate: version })
    .set(({ eb }) => ({ revision: eb("revision", "+", 1) }))
    .where("sensor_type", "=", sensorType)
    .execute();
  await endOrder(transaction, { sensorType, by: model.createdBy }, null);
  await dropOldBytes(transaction, sensorType);
  return true;
}

async function dropOldBytes(transaction: Transaction<Tables>, sensorType: string): Promise<void> {
  await sql`
    UPDATE models SET compiled = NULL WHERE sensor_type = ${sensorType} AND compiled IS NOT NULL AND series IS NOT NULL AND version IN (
      SELECT version FROM models retired WHERE sensor_type = ${sensorType}
        AND NOT EXISTS (
          SELECT FROM model_types t LEFT JOIN models current ON current.sensor_type = t.sensor_type AND current.version = t.active
          WHERE t.sensor_type = ${sensorType} AND retired.version IN (t.active, t.candidate, current.before)
        )
        AND NOT EXISTS (
          SELECT FROM model_overrides o WHERE o.sensor_type = ${sensorType} AND o.version = retired.version
        )
      ORDER BY version DESC OFFSET ${keptVersions}
    )`.execute(transaction);
}

function toReading(sensorType: string, row: HistoryRow): Reading {
  return { deviceId: row.device_id, sensorType, timestampUs: row.timestamp_us, value: row.value };
}
