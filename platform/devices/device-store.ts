import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { letGoOfForgotten } from "../alarms/alarm-end.ts";
import { asking, type Database } from "../database/database.ts";
import { heardSince, inPortions } from "../database/sql.ts";
import type { DeviceStore } from "../ports.ts";
import { devicePage } from "./device-pages.ts";
import { overview } from "./fleet-overview.ts";
import { heardAgain, overdueDevices } from "./sql-overdue.ts";

/** Opens the registry of devices. */
export function openDeviceStore({ db }: Database): DeviceStore {
  return {
    page: (query) => devicePage(db, query),
    overview: (timeoutMs) => overview(db, timeoutMs),
    overdue: (question) =>
      asking("look for who is not heard of any more", () => overdueDevices(db, question)),
    heardAgain: () => asking("look for who speaks again", () => heardAgain(db)),
    countInactive: (timeoutMs) =>
      asking("count the inactive devices", async () => {
        const row = await db
          .selectFrom("devices")
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .where((eb) => eb.or([eb("active", "=", false), eb("last_seen", "<=", heardSince(timeoutMs))]))
          .executeTakeFirst();
        return row?.count ?? 0;
      }),
    deactivateSilent: (timeoutMs) =>
      asking("look for silent devices", async () => {
        // In the order in which batches lock devices, and past those a batch is just waking: no deadlock with a writer.
        const { rows } = await sql<{ device_id: string }>`
          UPDATE devices SET active = false WHERE device_id IN (
            SELECT device_id FROM devices
            WHERE active AND last_seen <= ${heardSince(timeoutMs)}
            ORDER BY device_id FOR UPDATE SKIP LOCKED
          ) RETURNING device_id`.execute(db);
        return rows.map((row) => row.device_id);
      }),
    stillInactive: (deviceIds) =>
      asking("look who is silent still", async () => {
        const { rows } = await sql<{ device_id: string }>`
          SELECT device_id FROM devices WHERE NOT active AND device_id = ANY(${[...deviceIds]}::text[])`.execute(
          db,
        );
        return rows.map((row) => row.device_id);
      }),
    forgetInactive: (days) => asking("forget devices long gone", () => forgetInactive(db, days)),
  };
}

/** A device takes with it what is kept of each of its sensors, some kilobytes. */
const forgottenAtOnce = 500;

async function forgetInactive(db: Kysely<Tables>, days: number): Promise<number> {
  const before = sql`now() - ${days} * interval '1 day'`;
  const forgotten = await inPortions(async (most) => {
    const { rows } = await sql<{ count: number }>`
      WITH gone AS (
        DELETE FROM devices WHERE device_id IN (
          SELECT device_id FROM devices WHERE NOT active AND last_seen < ${before}
            AND NOT EXISTS (SELECT FROM principals WHERE user_name = device_id)
          ORDER BY device_id LIMIT ${most} FOR UPDATE SKIP LOCKED
        ) RETURNING device_id
      ), latest AS (
        DELETE FROM device_latest USING gone WHERE device_latest.device_id = gone.device_id
      ), anchors AS (
        DELETE FROM detector_anchors USING gone WHERE detector_anchors.device_id = gone.device_id
      ), runs AS (
        DELETE FROM rule_runs USING gone WHERE rule_runs.device_id = gone.device_id
      )
      SELECT count(*) AS count FROM gone`.execute(db);
    return rows[0]?.count ?? 0;
  }, forgottenAtOnce);
  await letGoOfForgotten(db);
  // Some devices were only ever connected.
  await inPortions(async (most) => {
    const { rows } = await sql`
      DELETE FROM presence WHERE device_id IN (
        SELECT device_id FROM presence WHERE NOT is_online AND since < ${before}
          AND NOT EXISTS (SELECT FROM devices WHERE devices.device_id = presence.device_id)
        ORDER BY device_id LIMIT ${most} FOR UPDATE SKIP LOCKED
      ) RETURNING device_id`.execute(db);
    return rows.length;
  });
  return forgotten;
}
