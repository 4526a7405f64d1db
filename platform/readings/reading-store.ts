import { type Kysely, sql } from "kysely";
import { type AnomalyEvent, type Shares, toAnomalyEvent } from "../../schema/event.ts";
import type { Tables } from "../../schema/row.ts";
import { type ChannelShare, channelNames } from "../../schema/scored.ts";
import { asking, type Database } from "../database/database.ts";
import { lookAtSeats, takeSeat } from "../database/seat.ts";
import { heardSince, micros, toInstant } from "../database/sql.ts";
import { detectorHistories } from "../models/detector-histories.ts";
import type { AnomalyQuery, LatestReading, ReadingStore, StoredSeries } from "../ports.ts";
import type { SeriesKey } from "./shard-batch.ts";
import { claimShard } from "./shard-writer.ts";

/** Opens the store of readings and anomalies on any of the databases. */
export function openReadingStore(database: Database): ReadingStore {
  const { db } = database;
  return {
    takeSeat: () => takeSeat(database),
    census: () => lookAtSeats(database),
    claimShard: (shard, streamId) => claimShard(database, { shard, streamId }),
    detectorHistories: (keys, options) => detectorHistories(db, keys, options),
    recentOfDevices: async (deviceIds, limit) => recent(db, await seriesOf(db, deviceIds), limit),
    latest: (timeoutMs) => latest(db, timeoutMs),
    anomalies: (query) => anomalies(db, query),
  };
}

function seriesOf(db: Kysely<Tables>, deviceIds: readonly string[]): Promise<SeriesKey[]> {
  return asking(`list the sensors of ${deviceIds.length} devices`, async () => {
    const rows = await db
      .selectFrom("device_latest")
      .select(["device_id", "sensor_type"])
      .where("device_id", "=", (eb) => eb.fn.any(eb.val([...deviceIds])))
      .orderBy("device_id")
      .orderBy("sensor_type")
      .execute();
    return rows.map((row) => ({ deviceId: row.device_id, sensorType: row.sensor_type }));
  });
}

interface RecentRow {
  device_id: string;
  sensor_type: string;
  timestamp_us: number;
  value: number;
  score: number;
  is_anomaly: boolean;
}

function recent(db: Kysely<Tables>, keys: readonly SeriesKey[], limit: number): Promise<StoredSeries[]> {
  if (keys.length === 0) return Promise.resolve([]);
  const deviceIds = keys.map((key) => key.deviceId);
  const sensorTypes = keys.map((key) => key.sensorType);
  return asking(`read the history of ${keys.length} series`, async () => {
    // One index descent a series, newest first; then turned round.
    const { rows } = await sql<RecentRow>`
      SELECT k.device_id, k.sensor_type, r.timestamp_us, r.value, r.score, r.is_anomaly
      FROM unnest(${deviceIds}::text[], ${sensorTypes}::text[]) AS k(device_id, sensor_type)
      CROSS JOIN LATERAL (
        SELECT ${micros("ts")} AS timestamp_us, value, score, is_anomaly FROM readings
        WHERE readings.device_id = k.device_id AND readings.sensor_type = k.sensor_type
        ORDER BY ts DESC LIMIT ${limit}
      ) r
      ORDER BY k.device_id, k.sensor_type, r.timestamp_us`.execute(db);
    return grouped(rows);
  });
}

function grouped(rows: readonly RecentRow[]): StoredSeries[] {
  const series: { deviceId: string; sensorType: string; points: StoredSeries["points"][number][] }[] = [];
  for (const row of rows) {
    let current = series.at(-1);
    if (current?.deviceId !== row.device_id || current.sensorType !== row.sensor_type) {
      current = { deviceId: row.device_id, sensorType: row.sensor_type, points: [] };
      series.push(current);
    }
    current.points.push({
      timestampUs: row.timestamp_us,
      value: row.value,
      score: row.score,
      isAnomaly: row.is_anomaly,
    });
  }
  return series;
}

function latest(db: Kysely<Tables>, timeoutMs: number): Promise<LatestReading[]> {
  return asking("read the latest readings", async () => {
    const rows = await db
      .selectFrom("device_latest")
      .innerJoin("devices", "devices.device_id", "device_latest.device_id")
      .select(["device_latest.device_id", "sensor_type", "value", "is_anomaly", "confidence"])
      .select(micros("ts").as("timestamp_us"))
      .where("devices.active", "=", true)
      .where("devices.last_seen", ">", heardSince(timeoutMs))
      .orderBy("device_latest.device_id")
      .orderBy("sensor_type")
      .execute();
    return rows.map((row) => ({
      deviceId: row.device_id,
      sensorType: row.sensor_type,
      timestampUs: row.timestamp_us,
      value: row.value,
      isAnomaly: row.is_anomaly,
      confidence: row.confidence,
    }));
  });
}

/** As they were before the store put them into an order of its own; a channel that is no more is left out. */
function toShares(shares: Shares): readonly ChannelShare[] {
  return channelNames
    .flatMap((channel) => (channel in shares ? [{ channel, share: shares[channel] ?? 0 }] : []))
    .sort((a, b) => b.share - a.share);
}

function momentAt(timestampUs: number) {
  return toInstant(sql`${timestampUs}::bigint`);
}

function anomalies(
  db: Kysely<Tables>,
  { deviceId, range, after, limit }: AnomalyQuery,
): Promise<readonly AnomalyEvent[]> {
  return asking("read the anomalies", async () => {
    let select = db
      .selectFrom("anomalies")
      .selectAll()
      .select(micros("ts").as("timestamp_us"))
      .orderBy("ts", "desc")
      .orderBy("device_id")
      .orderBy("sensor_type")
      .limit(limit);
    if (deviceId !== undefined) select = select.where("device_id", "=", deviceId);
    if (range !== undefined)
      select = select.where("ts", ">=", momentAt(range.fromUs)).where("ts", "<", momentAt(range.toUs));
    if (after !== undefined) {
      const moment = momentAt(after.timestampUs);
      select = select.where(
        sql<boolean>`ts <= ${moment} AND (ts < ${moment} OR (device_id, sensor_type) > (${after.deviceId}, ${after.sensorType}))`,
      );
    }
    const rows = await select.execute();
    return rows.map((row) =>
      toAnomalyEvent({
        deviceId: row.device_id,
        sensorType: row.sensor_type,
        timestampUs: row.timestamp_us,
        value: row.value,
        score: row.score,
        isAnomaly: true,
        isLate: false,
        confidence: row.confidence,
        modelVersion: row.model_version,
        explanation: {
          sentence: row.sentence,
          expected:
            row.expected_low === null || row.expected_high === null
              ? null
              : { low: row.expected_low, high: row.expected_high },
          shares: toShares(row.shares),
          sensors: row.sensors ?? [row.sensor_type],
          ...(row.learnt === null ? {} : { learnt: row.learnt }),
        },
      }),
    );
  });
}
