import { asking, type Database } from "../database/database.ts";
import type { ModelStore } from "./model-ports.ts";

/** Opens the store of the models that judge. */
export function openModelStore({ db }: Database): ModelStore {
  return {
    standings: () =>
      asking("look which models judge", () =>
        db
          .selectFrom("model_types")
          .select(["sensor_type as sensorType", "revision", "active", "candidate"])
          .execute(),
      ),
    overrides: (sensorType) =>
      asking(`look which devices of ${sensorType} have a version of their own`, async () => {
        const rows = await db
          .selectFrom("model_overrides")
          .select(["device_id", "version"])
          .where("sensor_type", "=", sensorType)
          .execute();
        return new Map(rows.map((row) => [row.device_id, row.version]));
      }),
    load: (sensorType, versions) =>
      asking(`load the models of ${sensorType}`, async () => {
        const rows = await db
          .selectFrom("models")
          .select(["version", "compiled"])
          .where("sensor_type", "=", sensorType)
          .where("version", "in", [...versions])
          .execute();
        return rows.flatMap(({ version, compiled }) =>
          compiled === null ? [] : [{ sensorType, version, compiled }],
        );
      }),
    addShadow: (sensorType, version, counts) =>
      asking(`add to what is known of ${sensorType}@${version}`, async () => {
        await db
          .updateTable("models")
          .set(({ eb }) => ({
            shadow_readings: eb("shadow_readings", "+", counts.readings),
            shadow_active: eb("shadow_active", "+", counts.active),
            shadow_candidate: eb("shadow_candidate", "+", counts.candidate),
            shadow_both: eb("shadow_both", "+", counts.both),
          }))
          .where("sensor_type", "=", sensorType)
          .where("version", "=", version)
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom("model_types")
                .select("revision")
                .where("model_types.sensor_type", "=", sensorType)
                .where("candidate", "=", version),
            ),
          )
          .execute();
      }),
  };
}
