import { type Kysely, sql } from "kysely";
import type { Presence, PresenceReason } from "../../schema/presence.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { isAlive, isConnected, micros, toInstant } from "../database/sql.ts";
import type { Beat, BrokerLife, PresenceStore } from "./presence-ports.ts";

/** Opens the record of who is connected. */
export function openPresenceStore({ db }: Database): PresenceStore {
  return {
    beat: (broker, options) => asking("give a sign of life", () => beat(db, broker, options)),
    save: (broker, changes) =>
      asking(`keep the presence of ${changes.length} devices`, async () => {
        if (changes.length > 0) await save(db, broker, changes);
      }),
    isOnline: (deviceId) =>
      asking(`look whether ${deviceId} is connected`, async () => {
        const row = await db
          .selectFrom("presence")
          .leftJoin("brokers", "brokers.id", "presence.broker")
          .select(isConnected.as("is_online"))
          .where("device_id", "=", deviceId)
          .executeTakeFirst();
        return row?.is_online === true;
      }),
    unknown: (deviceIds) =>
      asking(`look who of ${deviceIds.length} devices is forgotten`, async () => {
        const { rows } = await sql<{ id: string }>`
          SELECT id FROM unnest(${[...deviceIds]}::text[]) AS asked(id)
          WHERE NOT EXISTS (SELECT FROM presence WHERE device_id = id)`.execute(db);
        return rows.map(({ id }) => id);
      }),
    offline: ({ after, limit }) =>
      asking("read who is offline", async () => {
        const rows = await db
          .selectFrom("presence")
          .select(["device_id", "is_online", "reason", micros("since").as("since_us")])
          .where("is_online", "=", false)
          .where("device_id", ">", after)
          .orderBy("device_id")
          .limit(limit)
          .execute();
        return rows.map(toPresence);
      }),
    brokers: () => asking("list the brokers", () => brokers(db)),
    leave: (broker) =>
      asking("take leave as a broker", () =>
        db.transaction().execute(async (transaction) => {
          await sql`
            UPDATE presence SET is_online = false, since = now(), reason = 'broker_stopped'
            WHERE broker = ${broker} AND is_online`.execute(transaction);
          await transaction.deleteFrom("brokers").where("id", "=", broker).execute();
        }),
      ),
  };
}

async function brokers(db: Kysely<Tables>): Promise<readonly BrokerLife[]> {
  const { rows } = await sql<{ id: string; beat_us: number; is_alive: boolean; devices: number }>`
    SELECT id, ${micros("beat_at")} AS beat_us, ${isAlive} AS is_alive,
      (SELECT count(*) FROM presence WHERE presence.broker = brokers.id AND is_online) AS devices
    FROM brokers ORDER BY id`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    beatUs: row.beat_us,
    isAlive: row.is_alive,
    devices: row.devices,
  }));
}

async function beat(
  db: Kysely<Tables>,
  broker: string,
  { deadMs, mayBury }: { deadMs: number; mayBury: boolean },
): Promise<Beat> {
  // A row that was just inserted has no transaction that locked or deleted it.
  const { rows } = await sql<{ is_new: boolean }>`
    INSERT INTO brokers (id) VALUES (${broker})
    ON CONFLICT (id) DO UPDATE SET beat_at = now() RETURNING xmax = 0 AS is_new`.execute(db);
  const isNew = rows[0]?.is_new ?? true;
  if (!mayBury) return { isNew, buried: [] };
  const buried = await sql<Row>`
    WITH dead AS (
      DELETE FROM brokers WHERE id <> ${broker} AND beat_at < now() - ${deadMs} * interval '1 millisecond' RETURNING id
    )
    UPDATE presence SET is_online = false, since = now(), reason = 'broker_died', broker = ${broker}
    FROM dead WHERE presence.broker = dead.id AND presence.is_online
    RETURNING device_id, is_online, reason, ${micros("since")} AS since_us`.execute(db);
  return { isNew, buried: buried.rows.map(toPresence) };
}

async function save(db: Kysely<Tables>, broker: string, changes: readonly Presence[]): Promise<void> {
  // In one order everywhere, so that two brokers never wait for each other.
  const ordered = changes.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  await sql`
    INSERT INTO presence (device_id, is_online, since, reason, broker)
    SELECT device_id, is_online, ${toInstant(sql`since_us`)}, reason, ${broker}::uuid
    FROM unnest(
      ${ordered.map(({ deviceId }) => deviceId)}::text[],
      ${ordered.map(({ isOnline }) => isOnline)}::boolean[],
      ${ordered.map(({ sinceUs }) => sinceUs)}::bigint[],
      ${ordered.map(({ reason }) => reason)}::text[]
    ) AS t(device_id, is_online, since_us, reason)
    ON CONFLICT (device_id) DO UPDATE
    SET is_online = excluded.is_online, since = excluded.since, reason = excluded.reason, broker = excluded.broker
    WHERE excluded.is_online OR presence.broker = excluded.broker`.execute(db);
}

interface Row {
  readonly device_id: string;
  readonly is_online: boolean;
  readonly since_us: number;
  readonly reason: string;
}

function toPresence(row: Row): Presence {
  return {
    deviceId: row.device_id,
    isOnline: row.is_online,
    sinceUs: row.since_us,
    // Only reasons of the catalogue are ever written.
    reason: row.reason as PresenceReason,
  };
}
