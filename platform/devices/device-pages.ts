import { type Kysely, type RawBuilder, sql } from "kysely";
import { severityOfRank } from "../../schema/alarm.ts";
import type { DeviceSummary } from "../../schema/api.ts";
import type { DevicePlace, DeviceState } from "../../schema/device-state.ts";
import type { Tables } from "../../schema/row.ts";
import { isOpen } from "../alarms/alarm-end.ts";
import { isShelved } from "../alarms/alarm-raise.ts";
import { asking } from "../database/database.ts";
import { heardSince, isConnected, micros, toInstant } from "../database/sql.ts";
import type { DevicePage, DevicePageQuery } from "./device-ports.ts";
import { sensorsOf } from "./device-sensors.ts";
import { stateOf, withPresence } from "./device-state-sql.ts";

type Condition = RawBuilder<boolean>;

interface Row {
  readonly device_id: string;
  readonly first_seen_us: number | null;
  readonly last_seen_us: number | null;
  readonly active: boolean;
  readonly state: DeviceState;
  readonly reason: string | null;
  readonly since_us: number | null;
  readonly is_online: boolean;
  readonly rank: number;
  readonly open: number;
}

/** Whether an alarm counts for its device. */
const counts = sql<boolean>`${isOpen} AND NOT ${isShelved}`;
const noDevice = sql`NULL::timestamptz AS first_seen, NULL::timestamptz AS last_seen, false AS active, NULL::integer AS gap_ms`;
const noAlarms = sql`, 0 AS rank, 0::bigint AS open`;
const deviceColumns = sql`devices.device_id, first_seen, last_seen, active, gap_ms`;

/** A page of devices with what the list shows of each. */
export function devicePage(db: Kysely<Tables>, query: DevicePageQuery): Promise<DevicePage> {
  return asking("list the devices", async () => {
    const rows: Row[] = [];
    for (const stage of stages(query)) {
      // One more than asked for tells whether there is a next page.
      if (rows.length <= query.limit) rows.push(...(await rowsOf(db, query, stage)));
    }
    const listed = rows.slice(0, query.limit);
    const sensors = await sensorsOf(
      db,
      listed.map((row) => row.device_id),
    );
    const last = listed.at(-1);
    return {
      devices: listed.map((row) => toSummary(row, sensors.get(row.device_id) ?? [])),
      next: rows.length > listed.length && last !== undefined ? placeOf(last, query.sort) : null,
    };
  });
}

async function rowsOf(
  db: Kysely<Tables>,
  query: DevicePageQuery,
  { known: first, others }: Stage,
): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
      WITH known AS MATERIALIZED (${first}), page AS (
        SELECT * FROM (${sql.join([sql`SELECT * FROM known`, ...others], sql` UNION ALL `)}) AS candidates
        ORDER BY ${orderOf(query)} LIMIT ${query.limit + 1}
      )
      SELECT device_id, active, reason, coalesce(alarmed.rank, 0) AS rank, coalesce(alarmed.open, 0) AS open,
        ${micros("first_seen")} AS first_seen_us, ${micros("last_seen")} AS last_seen_us,
        ${micros("presence.since")} AS since_us, ${isConnected} AS is_online,
        CASE WHEN last_seen IS NULL THEN 'never-seen' ELSE ${stateOf(query.timeoutMs)} END AS state
      FROM page ${withPresence}
      LEFT JOIN LATERAL (
        SELECT max(severity) AS rank, count(*) AS open FROM alarms WHERE alarms.device_id = page.device_id AND ${counts}
      ) AS alarmed ON true
      ORDER BY ${orderOf(query)}`.execute(db);
  return rows;
}

function orderOf({ sort }: DevicePageQuery): RawBuilder<unknown> {
  switch (sort) {
    case "name":
      return sql`device_id`;
    case "last-seen":
      return sql`last_seen DESC NULLS LAST, device_id`;
    case "alarms":
      return sql`rank DESC NULLS LAST, open DESC NULLS LAST, device_id`;
  }
}

/** Where the devices of a page may come from, each part in order and no longer than the page. */
interface Stage {
  readonly known: RawBuilder<unknown>;
  readonly others: readonly RawBuilder<unknown>[];
}

/**
 * All of a stage comes before the next one. Those with open alarms are a stage of their own: they are few, and an index finds them. Those
 * that are provisioned and were never heard of are in no registry yet.
 */
function stages(query: DevicePageQuery): Stage[] {
  const { sort, after, state, sensorType } = query;
  const isPastAlarmed = after?.sort === "alarms" && after.rank === 0;
  const isPastKnown = after?.sort === "last-seen" && after.lastSeenUs === null;
  const mayBeKnown = state !== "never-seen" && !isPastKnown;
  const mayBeUnheard = (state === undefined || state === "never-seen") && sensorType === undefined;
  return [
    ...(sort === "alarms" && !isPastAlarmed && mayBeKnown ? [{ known: alarmed(query), others: [] }] : []),
    { known: mayBeKnown ? known(query) : nobody(query), others: mayBeUnheard ? [neverSeen(query)] : [] },
  ];
}

function nobody({ sort }: DevicePageQuery): RawBuilder<unknown> {
  return sql`SELECT ${deviceColumns}${sort === "alarms" ? noAlarms : sql``} FROM devices WHERE false`;
}

function known(query: DevicePageQuery): RawBuilder<unknown> {
  const { sort, after } = query;
  const conditions = conditionsOf(query);
  if (sort === "alarms")
    conditions.push(
      sql`NOT EXISTS (SELECT FROM alarms WHERE alarms.device_id = devices.device_id AND ${counts})`,
    );
  if (after?.sort === "name" || (after?.sort === "alarms" && after.rank === 0))
    conditions.push(sql`devices.device_id > ${after.id}`);
  if (after?.sort === "last-seen" && after.lastSeenUs !== null) {
    const moment = toInstant(sql`${after.lastSeenUs}::bigint`);
    conditions.push(
      sql`last_seen <= ${moment} AND (last_seen < ${moment} OR devices.device_id > ${after.id})`,
    );
  }
  const order = sort === "last-seen" ? sql`last_seen DESC, devices.device_id` : sql`devices.device_id`;
  return sql`(SELECT ${deviceColumns}${sort === "alarms" ? noAlarms : sql``}
    FROM devices ${joined(query)} WHERE ${all(conditions)} ORDER BY ${order} LIMIT ${query.limit + 1})`;
}

/** OFFSET 0: a look at the index for each of the few, where a join would read the whole table. */
function alarmed(query: DevicePageQuery): RawBuilder<unknown> {
  const conditions = conditionsOf(query);
  const { after } = query;
  if (after?.sort === "alarms")
    conditions.push(
      sql`(-rank, -open, devices.device_id) > (${-after.rank}::integer, ${-after.count}::bigint, ${after.id}::text)`,
    );
  return sql`(SELECT ${deviceColumns}, rank, open FROM (
      SELECT device_id AS alarmed_id, max(severity)::integer AS rank, count(*) AS open FROM alarms WHERE ${counts} AND device_id <> '' GROUP BY device_id
    ) AS alarmed JOIN LATERAL (SELECT * FROM devices AS own WHERE own.device_id = alarmed_id OFFSET 0) AS devices ON true ${joined(query)}
    WHERE ${all(conditions)} ORDER BY rank DESC, open DESC, devices.device_id LIMIT ${query.limit + 1})`;
}

/**
 * Only as far as the page of the known ones goes, for to look for all of them takes a look at every device. A subquery and no EXISTS, which
 * would be joined with all of the table.
 */
function neverSeen({ sort, after, text, limit }: DevicePageQuery): RawBuilder<unknown> {
  const isFull = sql`(SELECT count(*) FROM known) > ${limit}`;
  const conditions: Condition[] = [
    sort === "last-seen"
      ? sql`NOT ${isFull}`
      : sql`user_name <= CASE WHEN ${isFull} THEN (SELECT max(device_id) FROM known) ELSE (SELECT max(user_name) FROM principals) END`,
    sql`publish IS NULL AND (SELECT true FROM devices WHERE devices.device_id = user_name) IS NULL`,
  ];
  if (text !== undefined) conditions.push(contains("user_name", text));
  const isAmong = after?.sort === "name" || (after?.sort === "alarms" && after.rank === 0);
  if (isAmong || (after?.sort === "last-seen" && after.lastSeenUs === null))
    conditions.push(sql`user_name > ${after.id}`);
  return sql`(SELECT user_name AS device_id, ${noDevice}${sort === "alarms" ? noAlarms : sql``}
    FROM principals WHERE ${all(conditions)} ORDER BY user_name LIMIT ${limit + 1})`;
}

function conditionsOf({ text, sensorType, state, timeoutMs }: DevicePageQuery): Condition[] {
  const conditions: Condition[] = [];
  if (text !== undefined) conditions.push(contains("devices.device_id", text));
  if (sensorType !== undefined)
    conditions.push(
      sql`devices.device_id IN (SELECT device_id FROM device_latest WHERE sensor_type = ${sensorType})`,
    );
  if (state === "active") conditions.push(sql`active AND last_seen > ${heardSince(timeoutMs)}`);
  else if (state !== undefined) conditions.push(sql`${stateOf(timeoutMs)} = ${state}`);
  return conditions;
}

/** The state needs to know of connections. */
function joined({ state }: DevicePageQuery): RawBuilder<unknown> {
  return state === undefined || state === "active" ? sql`` : withPresence;
}

/** By the collation "C", since any other takes several times as long; letters beyond ASCII must be given as they are. */
function contains(column: string, text: string): Condition {
  return sql`strpos(lower(${sql.ref(column)} COLLATE "C"), lower(${text}::text COLLATE "C")) > 0`;
}

function all(conditions: readonly Condition[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function placeOf(row: Row, sort: DevicePageQuery["sort"]): DevicePlace {
  const { device_id: id, last_seen_us: lastSeenUs, rank, open: count } = row;
  switch (sort) {
    case "name":
      return { sort, id };
    case "last-seen":
      return { sort, lastSeenUs, id };
    case "alarms":
      return { sort, rank, count, id };
  }
}

function toSummary(row: Row, sensors: DeviceSummary["sensors"]): DeviceSummary {
  return {
    id: row.device_id,
    active: row.active,
    state: row.state,
    firstSeenUs: row.first_seen_us,
    lastSeenUs: row.last_seen_us,
    alarms: { open: row.open, severity: row.open === 0 ? null : severityOfRank(row.rank) },
    connection: connectionOf(row),
    sensors,
  };
}

function connectionOf(row: Row): DeviceSummary["connection"] {
  if (row.reason === null || row.since_us === null) return null;
  const { is_online: isOnline, since_us: sinceUs, reason } = row;
  // What its broker last said was that it is there; nobody has noticed the broker's end yet.
  const isLeft = !isOnline && (reason === "connected" || reason === "replaced");
  return { isOnline, sinceUs, reason: isLeft ? "broker_died" : reason };
}
