import { sql } from "kysely";
import { asking, type Database } from "./database.ts";
import type { SettingStore } from "./ports.ts";

const timeoutKey = "active_device_timeout_seconds";

/** Opens the settings an operator changes at run time; until then the configuration's values hold. */
export function openSettingStore(
  { db }: Database,
  defaults: { activeDeviceTimeoutSeconds: number },
): SettingStore {
  return {
    activeDeviceTimeoutSeconds: () =>
      asking("read the settings", async () => {
        const row = await db
          .selectFrom("settings")
          .select("value")
          .where("key", "=", timeoutKey)
          .executeTakeFirst();
        return typeof row?.value === "number" ? row.value : defaults.activeDeviceTimeoutSeconds;
      }),
    setActiveDeviceTimeoutSeconds: (seconds) =>
      asking("save the settings", async () => {
        await db
          .insertInto("settings")
          .values({ key: timeoutKey, value: sql`${seconds}::integer::text::jsonb` })
          .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: sql.ref("excluded.value") }))
          .execute();
      }),
  };
}
