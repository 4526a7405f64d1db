import { type Kysely, sql } from "kysely";
import type { DeviceSummary, SensorSummary } from "../schema/api.ts";
import { toLearning } from "../schema/event.ts";
import type { Tables } from "../schema/row.ts";
import { learningReadings } from "../schema/scored.ts";
import { sensorLabel, sensorUnit } from "../schema/sensors.ts";
import { asking, type Database } from "./database.ts";
import type { DeviceStore } from "./ports.ts";
import { heardSince, isConnected, micros } from "./sql.ts";
import { heardAgain, overdueDevices } from "./sql-overdue.ts";

/** Opens the registry of devices. */
export function openDeviceStore({ db }: Database): DeviceStore {
  return {
    active: (query) => active(db, query),
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
    forgetInactive: (days) =>
      asking("forget devices long gone", async () => {
        const { rows } = await sql<{ count: number }>`
          WITH gone AS (
            DELETE FROM devices WHERE NOT active AND last_seen < now() - ${days} * interval '1 day'
              AND NOT EXISTS (SELECT FROM principals WHERE user_name = device_id) RETURNING device_id
          ), latest AS (
            DELETE FROM device_latest USING gone WHERE device_latest.device_id = gone.device_id
          )
          SELECT count(*) AS count FROM gone`.execute(db);
        // Some devices were only ever connected.
        await sql`
          DELETE FROM presence WHERE NOT is_online AND since < now() - ${days} * interval '1 day'
          AND NOT EXISTS (SELECT FROM devices WHERE devices.device_id = presence.device_id)`.execute(db);
        return rows[0]?.count ?? 0;
      }),
  };
}

function active(
  db: Kysely<Tables>,
  { timeoutMs, limit }: { timeoutMs: number; limit: number },
): Promise<readonly DeviceSummary[]> {
  return asking("list the active devices", async () => {
    const devices = await db
      .selectFrom("devices")
      .leftJoin("presence", "presence.device_id", "devices.device_id")
      .leftJoin("brokers", "brokers.id", "presence.broker")
      .select(["devices.device_id", "presence.reason"])
      .select([micros("first_seen").as("first_seen_us"), micros("last_seen").as("last_seen_us")])
      .select([micros("presence.since").as("since_us"), isConnected.as("is_online")])
      .where("active", "=", true)
      .where("last_seen", ">", heardSince(timeoutMs))
      .orderBy("devices.device_id")
      .limit(limit)
      .execute();
    const sensors = await sensorsOf(
      db,
      devices.map((device) => device.device_id),
    );
    return devices.map((device) => ({
      id: device.device_id,
      active: true,
      firstSeenUs: device.first_seen_us,
      lastSeenUs: device.last_seen_us,
      connection: connectionOf(device),
      sensors: sensors.get(device.device_id) ?? [],
    }));
  });
}

function connectionOf(row: {
  reason: string | null;
  since_us: number | null;
  is_online: boolean;
}): DeviceSummary["connection"] {
  if (row.reason === null || row.since_us === null) return null;
  const { is_online: isOnline, since_us: sinceUs, reason } = row;
  // What its broker last said was that it is there; nobody has noticed the broker's end yet.
  const isLeft = !isOnline && (reason === "connected" || reason === "replaced");
  return { isOnline, sinceUs, reason: isLeft ? "broker_died" : reason };
}

/** How many readings a young series has learnt from. One that has an anchor (`detector_anchors`) is young no more, and not counted. */
const learnt = sql<number | null>`CASE WHEN NOT EXISTS (
    SELECT FROM detector_anchors anchor
    WHERE anchor.device_id = device_latest.device_id AND anchor.sensor_type = device_latest.sensor_type
  ) THEN (
    SELECT count(*) FROM (
      SELECT FROM readings r
      WHERE r.device_id = device_latest.device_id AND r.sensor_type = device_latest.sensor_type AND NOT r.is_late
      LIMIT ${learningReadings}
    ) enough
  ) END`;

async function sensorsOf(
  db: Kysely<Tables>,
  deviceIds: readonly string[],
): Promise<Map<string, SensorSummary[]>> {
  const rows = await db
    .selectFrom("device_latest")
    .select(["device_id", "sensor_type", "value", "score", "is_anomaly", micros("ts").as("timestamp_us")])
    .select(learnt.as("learnt"))
    .where("device_id", "=", (eb) => eb.fn.any(eb.val([...deviceIds])))
    .orderBy("device_id")
    .orderBy("sensor_type")
    .execute();
  const sensors = new Map<string, SensorSummary[]>();
  for (const row of rows) {
    const list = sensors.get(row.device_id) ?? [];
    sensors.set(row.device_id, list);
    list.push({
      type: row.sensor_type,
      label: sensorLabel(row.sensor_type),
      unit: sensorUnit(row.sensor_type),
      timestampUs: row.timestamp_us,
      value: row.value,
      score: row.score,
      isAnomaly: row.is_anomaly,
      learning: toLearning(row.learnt),
    });
  }
  return sensors;
}
