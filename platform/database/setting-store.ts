import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import type { SettingStore } from "../ports.ts";
import { asking, type Database } from "./database.ts";
import { recordChange } from "./sql.ts";

const timeoutKey = "active_device_timeout_seconds";

/** Opens the settings an operator changes at run time; until then the configuration's values hold. */
export function openSettingStore(
  { db }: Database,
  defaults: { activeDeviceTimeoutSeconds: number },
): SettingStore {
  const current = async (connection: Kysely<Tables>): Promise<number> => {
    const row = await connection
      .selectFrom("settings")
      .select("value")
      .where("key", "=", timeoutKey)
      .executeTakeFirst();
    return typeof row?.value === "number" ? row.value : defaults.activeDeviceTimeoutSeconds;
  };
  return {
    activeDeviceTimeoutSeconds: () => asking("read the settings", () => current(db)),
    setActiveDeviceTimeoutSeconds: (seconds, by) =>
      asking("save the settings", () =>
        db.transaction().execute(async (transaction) => {
          const before = await current(transaction);
          await transaction
            .insertInto("settings")
            .values({ key: timeoutKey, value: sql`${seconds}::integer::text::jsonb` })
            .onConflict((conflict) =>
              conflict.column("key").doUpdateSet({ value: sql.ref("excluded.value") }),
            )
            .execute();
          const change = { action: "setting.change", target: timeoutKey, before, after: seconds };
          await recordChange(transaction, { by, ...change });
        }),
      ),
  };
}
