import { type ModelDetail, type ModelSummary, type ModelTypeSummary, modelName } from "../../schema/model.ts";
import { asking, type Database } from "../database/database.ts";
import type { RegistryStore } from "./model-ports.ts";
import { changeType, orderTraining } from "./registry-store-changes.ts";
import { typeOf, typesOf, type VersionRow, versions } from "./registry-store-rows.ts";

/** Opens the registry of models as operators see and change it. */
export function openRegistryStore({ db }: Database): RegistryStore {
  return {
    types: () => asking("list the models", () => typesOf(db)),
    type: (sensorType) =>
      asking(`read the models of ${sensorType}`, async () => {
        const type = await typeOf(db, sensorType);
        if (type === null) return null;
        const rows = await versions(db, sensorType).orderBy("version", "desc").execute();
        return { type, versions: rows.map((row) => toSummary(row, type)) };
      }),
    version: (sensorType, version) =>
      asking(`read the model ${modelName(sensorType, version)}`, async () => {
        const type = await typeOf(db, sensorType);
        const row = await versions(db, sensorType).where("version", "=", version).executeTakeFirst();
        return type === null || row === undefined ? null : toDetail(row, type);
      }),
    change: (order) =>
      asking(`change the models of ${order.sensorType}`, () =>
        db.transaction().execute((transaction) => changeType(transaction, order)),
      ),
    train: (sensorType, order) =>
      asking(`order a model of ${sensorType}`, () =>
        db.transaction().execute((transaction) => orderTraining(transaction, sensorType, order)),
      ),
  };
}

function toSummary(row: VersionRow, type: ModelTypeSummary): ModelSummary {
  const { version, series } = row;
  return {
    ...{ version, name: modelName(row.sensor_type, version), state: stateOf(version, type) },
    ...{ createdUs: row.created_us, createdBy: row.created_by, parent: row.parent, before: row.before },
    ...{ seed: row.seed, rows: row.training_rows, digest: row.digest, isKept: row.is_kept },
    verifiedUs: row.verified_us,
    learntFrom:
      series === null
        ? null
        : {
            fromUs: Math.min(...series.map(({ fromUs }) => fromUs)),
            untilUs: Math.max(...series.map(({ untilUs }) => untilUs)),
            devices: series.length,
            readings: series.reduce((sum, { readings }) => sum + readings, 0),
          },
    metrics: row.metrics,
    shadow: {
      readings: row.shadow_readings,
      active: row.shadow_active,
      candidate: row.shadow_candidate,
      both: row.shadow_both,
    },
  };
}

function toDetail(row: VersionRow, type: ModelTypeSummary): ModelDetail {
  return {
    ...toSummary(row, type),
    series: row.series === null ? null : [...row.series],
    replay: row.replay,
  };
}

function stateOf(version: number, { active, candidate }: ModelTypeSummary): ModelSummary["state"] {
  if (version === active) return "active";
  return version === candidate ? "candidate" : "retired";
}
