import { sql, type Transaction } from "kysely";
import { factoryName, type ModelTypeSummary, type ModelWish } from "../../schema/model.ts";
import type { Tables } from "../../schema/row.ts";
import { recordChange } from "../database/sql.ts";
import type { ModelObjection, ModelOrder, ModelOutcome } from "./model-ports.ts";
import { typeOf, versions } from "./registry-store-rows.ts";

/** Does as an operator wishes, on record. */
export async function changeType(
  transaction: Transaction<Tables>,
  { sensorType, wish, revision, by }: ModelOrder,
): Promise<ModelOutcome> {
  const before = await lockType(transaction, sensorType);
  if (before === null) return { kind: "type-unknown" };
  if (before.revision !== revision) return { kind: "stale", type: before };
  const objection = await carryOut(transaction, before, { wish, by });
  if (objection !== null) return { kind: objection };
  await transaction
    .updateTable("model_types")
    .set({ revision: revision + 1 })
    .where("sensor_type", "=", sensorType)
    .execute();
  const after = (await typeOf(transaction, sensorType)) ?? before;
  const action = `model.${wish.kind}`;
  const of = recorderOf(wish);
  await recordChange(transaction, { by, action, target: sensorType, before: of(before), after: of(after) });
  return { kind: "changed", type: after };
}

/** The type as it stands, with its row locked; null when nothing is known of it, not even a reading. */
async function lockType(
  transaction: Transaction<Tables>,
  sensorType: string,
): Promise<ModelTypeSummary | null> {
  await sql`
    INSERT INTO model_types (sensor_type) SELECT ${sensorType}::text
    WHERE ${factoryName(sensorType) !== null}::boolean OR EXISTS (SELECT FROM device_latest WHERE sensor_type = ${sensorType})
    ON CONFLICT DO NOTHING`.execute(transaction);
  await transaction
    .selectFrom("model_types")
    .select("revision")
    .where("sensor_type", "=", sensorType)
    .forUpdate()
    .executeTakeFirst();
  return typeOf(transaction, sensorType);
}

/** Does it, or answers why not. */
function carryOut(
  transaction: Transaction<Tables>,
  type: ModelTypeSummary,
  { wish, by }: Pick<ModelOrder, "wish" | "by">,
): Promise<ModelObjection | null> {
  switch (wish.kind) {
    case "promote":
      return promote(transaction, type, wish.version);
    case "rollback":
      return rollBack(transaction, type);
    case "pin":
    case "unpin":
      return setType(transaction, type.sensorType, { pinned: wish.kind === "pin" });
    case "override":
      return override(transaction, type, { ...wish, by });
    case "release":
      return release(transaction, type, wish.deviceId);
  }
}

async function promote(
  transaction: Transaction<Tables>,
  { sensorType, active, candidate }: ModelTypeSummary,
  version: number,
): Promise<ModelObjection | null> {
  if (version === active) return "is-active";
  const objection = await objectionTo(transaction, sensorType, version);
  if (objection !== null) return objection;
  await transaction
    .updateTable("models")
    .set({ before: active })
    .where("sensor_type", "=", sensorType)
    .where("version", "=", version)
    .execute();
  return setType(transaction, sensorType, {
    active: version,
    candidate: candidate === version ? null : candidate,
  });
}

async function rollBack(
  transaction: Transaction<Tables>,
  { sensorType, active, candidate }: ModelTypeSummary,
): Promise<ModelObjection | null> {
  const current = await transaction
    .selectFrom("models")
    .select("before")
    .where("sensor_type", "=", sensorType)
    .where("version", "=", active ?? 0)
    .executeTakeFirst();
  const target = current?.before ?? null;
  if (current === undefined || (target === null && factoryName(sensorType) === null)) return "nothing-before";
  const objection = target === null ? null : await objectionTo(transaction, sensorType, target);
  if (objection !== null) return objection;
  return setType(transaction, sensorType, {
    active: target,
    candidate: candidate === target ? null : candidate,
  });
}

/** Why a version cannot judge. */
async function objectionTo(
  transaction: Transaction<Tables>,
  sensorType: string,
  version: number,
): Promise<ModelObjection | null> {
  const row = await versions(transaction, sensorType).where("version", "=", version).executeTakeFirst();
  if (row === undefined) return "version-unknown";
  return row.is_kept ? null : "not-kept";
}

async function setType(
  transaction: Transaction<Tables>,
  sensorType: string,
  values: { active?: number | null; candidate?: number | null; pinned?: boolean },
): Promise<null> {
  await transaction.updateTable("model_types").set(values).where("sensor_type", "=", sensorType).execute();
  return null;
}

async function override(
  transaction: Transaction<Tables>,
  { sensorType }: ModelTypeSummary,
  { deviceId, version, by }: { deviceId: string; version: number; by: string },
): Promise<ModelObjection | null> {
  const objection = await objectionTo(transaction, sensorType, version);
  if (objection !== null) return objection;
  await transaction
    .insertInto("model_overrides")
    .values({ sensor_type: sensorType, device_id: deviceId, version, by })
    .onConflict((conflict) =>
      conflict.columns(["sensor_type", "device_id"]).doUpdateSet({ version, by, at: sql<Date>`now()` }),
    )
    .execute();
  return null;
}

async function release(
  transaction: Transaction<Tables>,
  { sensorType }: ModelTypeSummary,
  deviceId: string,
): Promise<ModelObjection | null> {
  const { numDeletedRows } = await transaction
    .deleteFrom("model_overrides")
    .where("sensor_type", "=", sensorType)
    .where("device_id", "=", deviceId)
    .executeTakeFirst();
  return numDeletedRows === 0n ? "no-override" : null;
}

/** What the record of changes has of a type: what such a wish can change. */
function recorderOf(wish: ModelWish): (type: ModelTypeSummary) => unknown {
  switch (wish.kind) {
    case "promote":
    case "rollback":
      return ({ active, candidate, judging }) => ({ active, candidate, judging });
    case "pin":
    case "unpin":
      return ({ isPinned }) => ({ isPinned });
    case "override":
    case "release":
      return ({ overrides }) => {
        const version = overrides.find(({ deviceId }) => deviceId === wish.deviceId)?.version;
        return version === undefined ? null : { deviceId: wish.deviceId, version };
      };
  }
}

/** Orders a training, on record. */
export async function orderTraining(
  transaction: Transaction<Tables>,
  sensorType: string,
  { version, by }: { version: number | null; by: string },
): Promise<ModelOutcome> {
  const before = await lockType(transaction, sensorType);
  if (before === null) return { kind: "type-unknown" };
  if (before.order !== null) return { kind: "is-ordered" };
  if (version !== null) {
    const row = await versions(transaction, sensorType).where("version", "=", version).executeTakeFirst();
    if (row === undefined) return { kind: "version-unknown" };
    if (row.series === null) return { kind: "not-repeatable" };
  }
  await transaction
    .updateTable("model_types")
    .set({ order_by: by, order_at: sql<Date>`now()`, order_version: version })
    .where("sensor_type", "=", sensorType)
    .execute();
  const after = (await typeOf(transaction, sensorType)) ?? before;
  const order = { action: "model.train", target: sensorType, before: null, after: { version } };
  await recordChange(transaction, { by, ...order });
  return { kind: "changed", type: after };
}
