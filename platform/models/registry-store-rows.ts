import { type Kysely, sql } from "kysely";
import { factoryName, type ModelTypeSummary, modelName } from "../../schema/model.ts";
import type { Tables } from "../../schema/row.ts";
import { sensorTypes } from "../../schema/sensors.ts";
import { micros } from "../database/sql.ts";

/** How the types stand, or only this one, by name. */
export async function typesOf(db: Kysely<Tables>, only?: string): Promise<readonly ModelTypeSummary[]> {
  let select = db
    .selectFrom("model_types")
    .select([
      "sensor_type",
      "revision",
      "active",
      "candidate",
      "pinned",
      "order_by",
      "order_version",
      "setback",
    ])
    .select([
      sql<number | null>`${micros("order_at")}`.as("order_us"),
      sql<number | null>`${micros("setback_at")}`.as("setback_us"),
    ]);
  let overridden = db
    .selectFrom("model_overrides")
    .select(["sensor_type", "device_id as deviceId", "version", "by"])
    .select(micros("at").as("atUs"))
    .orderBy("device_id");
  if (only !== undefined) {
    select = select.where("sensor_type", "=", only);
    overridden = overridden.where("sensor_type", "=", only);
  }
  const rows = await select.execute();
  const overrides = await overridden.execute();
  const known = rows.map((row): ModelTypeSummary => {
    const { sensor_type: sensorType, active, candidate } = row;
    const judging = active === null ? (factoryName(sensorType) ?? "none") : modelName(sensorType, active);
    const isOrdered = row.order_by !== null && row.order_us !== null;
    const isSetBack = row.setback !== null && row.setback_us !== null;
    return {
      ...{ sensorType, revision: row.revision, judging, active, candidate, isPinned: row.pinned },
      order: isOrdered
        ? { by: row.order_by ?? "", atUs: row.order_us ?? 0, version: row.order_version }
        : null,
      setback: isSetBack ? { reason: row.setback ?? "", atUs: row.setback_us ?? 0 } : null,
      overrides: overrides
        .filter((override) => override.sensor_type === sensorType)
        .map(({ deviceId, version, by, atUs }) => ({ deviceId, version, by, atUs })),
    };
  });
  const named = new Set(known.map(({ sensorType }) => sensorType));
  const untouched = [...sensorTypes.keys()].filter(
    (name) => !named.has(name) && factoryName(name) !== null && (only ?? name) === name,
  );
  return [...known, ...untouched.map(untouchedType)].sort((a, b) => (a.sensorType < b.sensorType ? -1 : 1));
}

/** A type that comes with a model, and of which nothing else is known. */
function untouchedType(sensorType: string): ModelTypeSummary {
  return {
    ...{ sensorType, revision: 0, judging: factoryName(sensorType) ?? "none", active: null, candidate: null },
    ...{ isPinned: false, order: null, setback: null, overrides: [] },
  };
}

/** Null when nothing is known of it. */
export async function typeOf(db: Kysely<Tables>, sensorType: string): Promise<ModelTypeSummary | null> {
  return (await typesOf(db, sensorType))[0] ?? null;
}

/** The versions of a type, without their bytes. */
export function versions(db: Kysely<Tables>, sensorType: string) {
  return db
    .selectFrom("models")
    .select(["sensor_type", "version", "created_by", "parent", "before", "seed", "training_rows", "digest"])
    .select(["series", "metrics", "replay"])
    .select(["shadow_readings", "shadow_active", "shadow_candidate", "shadow_both"])
    .select([
      sql<boolean>`compiled IS NOT NULL`.as("is_kept"),
      micros("created_at").as("created_us"),
      sql<number | null>`${micros("verified_at")}`.as("verified_us"),
    ])
    .where("sensor_type", "=", sensorType);
}

export type VersionRow = Awaited<ReturnType<ReturnType<typeof versions>["execute"]>>[number];
