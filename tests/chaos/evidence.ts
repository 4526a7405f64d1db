import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { entriesOf } from "../../platform/redis/connection.ts";
import type { LedgerAnswer } from "../../schema/api.ts";
import type { PlatformEvent } from "../../schema/event.ts";
import type { TestDatabase } from "../harness/test-database.ts";
import type { Announcement } from "./witness.ts";

const keyOf = "device_id || '/' || sensor_type || '/' || ((extract(epoch FROM ts) * 1000000)::bigint)::text";

/** Keys of the rows of a table, as the devices' books have them. */
export async function keysIn(
  database: TestDatabase,
  table: "readings" | "anomalies",
): Promise<readonly string[]> {
  const rows = await database.query<{ key: string }>(`SELECT ${keyOf} AS key FROM ${table}`);
  return rows.map(({ key }) => key);
}

/** The payloads that were refused. */
export async function refusedPayloads(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ payload: string }>("SELECT payload FROM rejected");
  return rows.map(({ payload }) => payload);
}

/** The ledger as the API has it. */
export async function ledgerOf(webUrl: string): Promise<LedgerAnswer> {
  const answer = await fetch(`${webUrl}/api/v1/ledger`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`the ledger answered ${answer.status}: ${await answer.text()}`);
  // The platform's own answer, held against its schema by its own tests.
  return (await answer.json()) as LedgerAnswer;
}

const eventsKey = "events";
/** From about this many events on the platform lets the oldest go. */
export const eventCapacity = 10_000;

/** The anomalies that the event stream holds now, and how many events there are in all. */
export async function announcedIn(redisUrl: string): Promise<{ events: number; stream: Announcement[] }> {
  const redis = new Redis(redisUrl);
  redis.on("error", () => undefined);
  try {
    const entries = await redis.xrange(eventsKey, "-", "+");
    return { events: entries.length, stream: entries.flatMap(toAnnouncement) };
  } finally {
    redis.disconnect();
  }
}

/** Hears the anomalies while they are announced, also those that a killed Redis forgets. */
export function hearAnnouncements(redisUrl: string): { heard: Announcement[]; stop(): Promise<void> } {
  const heard: Announcement[] = [];
  const stopping = new AbortController();
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0, retryStrategy: () => 100 });
  redis.on("error", () => undefined);
  const listening = listen(redis, heard, stopping.signal);
  return {
    heard,
    async stop() {
      stopping.abort();
      redis.disconnect();
      await listening;
    },
  };
}

async function listen(redis: Redis, heard: Announcement[], signal: AbortSignal): Promise<void> {
  let lastId = "0-0";
  while (!signal.aborted) {
    try {
      const answer = await redis.xread("BLOCK", 1000, "STREAMS", eventsKey, lastId);
      // Entries of a stream are pairs of an id and a flat list of fields.
      const entries = entriesOf(answer) as readonly [id: string, fields: string[]][];
      lastId = entries.at(-1)?.[0] ?? lastId;
      heard.push(...entries.flatMap(toAnnouncement));
    } catch {
      // Redis is away: what comes after the last id is asked for once it is back.
      await pause(50);
    }
  }
}

function toAnnouncement([id, fields]: [id: string, fields: string[]]): Announcement[] {
  // Only processors of this platform write to this stream.
  const event = JSON.parse(fields[fields.indexOf("event") + 1] ?? "") as PlatformEvent;
  if (event.kind !== "anomaly") return [];
  return [{ id, key: `${event.deviceId}/${event.sensorType}/${event.timestampUs}` }];
}
