import { type Kysely, type RawBuilder, sql } from "kysely";
import { anomalyRule } from "../../schema/alarm.ts";
import type { Tables } from "../../schema/row.ts";
import type { PreviewSummary, Tuning, TuningScope, TuningSummary } from "../../schema/tuning.ts";
import { isSameTuning } from "../../schema/tuning.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import type { TuningOutcome, TuningStore } from "./tuning-ports.ts";

const suggestionDays = 7;
/** False alarms of a series within these days that are worth a suggestion. */
const suggestAfter = 2;

/** Opens the store of tunings. */
export function openTuningStore({ db }: Database): TuningStore {
  return {
    version: () =>
      asking("look for new tunings", async () => {
        const row = await db
          .selectFrom("tunings")
          .select((eb) => eb.fn.max("id").as("id"))
          .executeTakeFirst();
        return row?.id ?? 0;
      }),
    current: () =>
      asking("read the tunings", async () => {
        const newest = db
          .selectFrom("tunings")
          .select(["id", "sensor_type", "device_id", "tuning", "by", micros("at").as("at_us")])
          .distinctOn(["sensor_type", "device_id"])
          .orderBy("sensor_type")
          .orderBy("device_id")
          .orderBy("id", "desc");
        const rows = await newest.execute();
        return rows.map(toSummary).filter(({ tuning }) => tuning !== null);
      }),
    ask: ({ sensorType, deviceId, wish, days, by }) =>
      asking(`ask for a preview of ${sensorType}`, async () => {
        const scope = { sensorType, deviceId };
        const { id } = await db
          .insertInto("tuning_previews")
          .values({
            ...columnsOf(scope),
            ...{ days, by, tuning_id: newestIn(sql`${sensorType}::text`, sql`${deviceId}::text`) },
            wish: wish === null ? null : JSON.stringify(wish),
          })
          .returning("id")
          .executeTakeFirstOrThrow();
        return previewOf(await previews(db).where("id", "=", id).executeTakeFirstOrThrow());
      }),
    suggest: (series) => asking(`suggest a tuning of ${series.sensorType}`, () => suggest(db, series)),
    preview: (id) =>
      asking(`read preview ${id}`, async () => {
        const row = await previews(db).where("id", "=", id).executeTakeFirst();
        return row === undefined ? null : previewOf(row);
      }),
    suggestion: (series) =>
      asking(`read what is suggested for ${series.sensorType}`, () => suggestion(db, series)),
    apply: (previewId, by) =>
      asking(`apply preview ${previewId}`, () =>
        db.transaction().execute((transaction) => apply(transaction, previewId, by)),
      ),
    rollBack: (id, by) =>
      asking(`roll tuning ${id} back`, () =>
        db.transaction().execute((transaction) => rollBack(transaction, id, by)),
      ),
  };
}

function columnsOf({ sensorType, deviceId }: TuningScope) {
  return { sensor_type: sensorType, device_id: deviceId };
}

/** The newest row that counts in a scope: for a device also those of its type, for a type also those of its devices. */
function newestIn(sensorType: RawBuilder<unknown>, deviceId: RawBuilder<unknown>) {
  return sql<number>`(SELECT coalesce(max(newest.id), 0) FROM tunings newest WHERE newest.sensor_type = ${sensorType}
    AND (${deviceId} IS NULL OR newest.device_id IS NULL OR newest.device_id = ${deviceId}))`;
}

const newestOfPreview = newestIn(
  sql.ref("tuning_previews.sensor_type"),
  sql.ref("tuning_previews.device_id"),
);

function previews(db: Kysely<Tables>) {
  return db
    .selectFrom("tuning_previews")
    .select(["id", "sensor_type", "device_id", "days", "wish", "by", "outcome", "failure", "done_at"])
    .select([
      micros("asked_at").as("asked_us"),
      sql<boolean>`tuning_id = ${newestOfPreview}`.as("is_current"),
    ]);
}

type PreviewRow = Awaited<ReturnType<ReturnType<typeof previews>["execute"]>>[number];

function previewOf(row: PreviewRow): PreviewSummary {
  const { id, days, wish, by, outcome, failure } = row;
  const state = row.done_at === null ? "waiting" : outcome === null ? "failed" : "done";
  return {
    ...{ id, sensorType: row.sensor_type, deviceId: row.device_id, days, wish, state, by },
    ...{ askedUs: row.asked_us, outcome, failure, isCurrent: row.is_current },
  };
}

async function suggest(db: Kysely<Tables>, { deviceId, sensorType }: SeriesKey): Promise<void> {
  await sql`
    INSERT INTO tuning_previews (sensor_type, device_id, days, tuning_id, by)
    SELECT ${sensorType}, ${deviceId}, ${suggestionDays}, ${newestIn(sql`${sensorType}::text`, sql`${deviceId}::text`)}, 'platform'
    WHERE ${suggestAfter} <= (
      SELECT count(*) FROM alarms WHERE sensor_type = ${sensorType} AND device_id = ${deviceId}
        AND rule = ${anomalyRule} AND verdict = 'false-alarm' AND raised_at > now() - ${suggestionDays} * interval '1 day'
    ) AND NOT EXISTS (
      SELECT FROM tuning_previews WHERE done_at IS NULL
        AND sensor_type = ${sensorType} AND device_id = ${deviceId} AND by = 'platform'
    )`.execute(db);
}

async function suggestion(
  db: Kysely<Tables>,
  { deviceId, sensorType }: SeriesKey,
): Promise<PreviewSummary | null> {
  const row = await previews(db)
    .where("sensor_type", "=", sensorType)
    .where("device_id", "=", deviceId)
    .where("by", "=", "platform")
    .where("outcome", "is not", null)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  const preview = previewOf(row);
  const { outcome, isCurrent } = preview;
  const isWorthwhile = outcome !== null && outcome.removed > 0 && !isSameTuning(outcome.from, outcome.to);
  return isCurrent && isWorthwhile ? preview : null;
}

async function apply(transaction: Kysely<Tables>, previewId: number, by: string): Promise<TuningOutcome> {
  await lock(transaction);
  const row = await previews(transaction).where("id", "=", previewId).executeTakeFirst();
  if (row === undefined) return { kind: "unknown" };
  const { sensorType, deviceId, outcome, isCurrent } = previewOf(row);
  if (outcome === null) return { kind: "unfinished" };
  if (!isCurrent) return { kind: "stale" };
  const scope = { sensorType, deviceId };
  const before = await holding(transaction, scope);
  return change(transaction, {
    scope,
    before,
    tuning: outcome.to,
    beforeId: before?.id ?? null,
    previewId,
    by,
  });
}

async function rollBack(transaction: Kysely<Tables>, id: number, by: string): Promise<TuningOutcome> {
  await lock(transaction);
  const undone = await transaction
    .selectFrom("tunings")
    .select(["sensor_type", "device_id", "before_id"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (undone === undefined) return { kind: "unknown" };
  const scope = { sensorType: undone.sensor_type, deviceId: undone.device_id };
  const before = await holding(transaction, scope);
  if (before?.id !== id) return { kind: "stale" };
  const earlier = await transaction
    .selectFrom("tunings")
    .select(["tuning", "before_id"])
    .where("id", "=", undone.before_id)
    .executeTakeFirst();
  const [tuning, beforeId] = [earlier?.tuning ?? null, earlier?.before_id ?? null];
  return change(transaction, { scope, before, tuning, beforeId, previewId: null, by });
}

/** Tunings change seldom: one change after another, so that ids grow in the order in which they can be seen. */
async function lock(transaction: Kysely<Tables>): Promise<void> {
  await sql`LOCK TABLE tunings IN SHARE ROW EXCLUSIVE MODE`.execute(transaction);
}

/** The newest row of exactly this scope. */
async function holding(
  db: Kysely<Tables>,
  { sensorType, deviceId }: TuningScope,
): Promise<TuningSummary | undefined> {
  const row = await db
    .selectFrom("tunings")
    .select(["id", "sensor_type", "device_id", "tuning", "by", micros("at").as("at_us")])
    .where("sensor_type", "=", sensorType)
    .where("device_id", "is not distinct from", deviceId)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

interface Change {
  readonly scope: TuningScope;
  readonly before: TuningSummary | undefined;
  readonly tuning: Tuning | null;
  /** What comes back when this is rolled back. */
  readonly beforeId: number | null;
  readonly previewId: number | null;
  readonly by: string;
}

async function change(
  transaction: Kysely<Tables>,
  { scope, before, tuning, beforeId, previewId, by }: Change,
): Promise<TuningOutcome> {
  const { id, at_us } = await transaction
    .insertInto("tunings")
    .values({
      ...columnsOf(scope),
      ...{ tuning: tuning === null ? null : JSON.stringify(tuning), by },
      ...{ before_id: beforeId, preview_id: previewId },
    })
    .returning(["id", micros("at").as("at_us")])
    .executeTakeFirstOrThrow();
  await recordChange(transaction, {
    by,
    action: previewId === null ? "tuning.rollback" : "tuning.apply",
    target: scope.deviceId === null ? scope.sensorType : `${scope.deviceId}/${scope.sensorType}`,
    before: before?.tuning ?? null,
    after: tuning === null ? null : { ...tuning, preview: previewId },
  });
  return { kind: "changed", tuning: { id, ...scope, tuning, by, atUs: at_us } };
}

interface SummaryRow {
  readonly id: number;
  readonly sensor_type: string;
  readonly device_id: string | null;
  readonly tuning: Tuning | null;
  readonly by: string;
  readonly at_us: number;
}

function toSummary({ id, tuning, by, ...row }: SummaryRow): TuningSummary {
  return { id, sensorType: row.sensor_type, deviceId: row.device_id, tuning, by, atUs: row.at_us };
}
