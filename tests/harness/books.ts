import { type Database, openDatabase } from "../../platform/database/database.ts";
import type { LedgerStore, ReadingStream } from "../../platform/ports.ts";
import { openLedgerStore } from "../../platform/readings/ledger-store.ts";
import { openRedisEvents } from "../../platform/redis/events.ts";
import { openRedisStream } from "../../platform/redis/stream.ts";
import { openLog } from "../../platform/telemetry.ts";
import { type Ledger, toLedger } from "../../schema/ledger.ts";
import { compare, type Load, loadRowsQuery } from "./load.ts";
import { until } from "./local-servers.ts";
import type { Services } from "./services.ts";

const log = openLog({ level: "silent", format: "json" });
const shards = 8;

/** What the platform itself says of what it took in and stored, beside what a test can count. */
export interface Books {
  readonly stream: ReadingStream;
  ledger(): Promise<Ledger>;
  close(): Promise<void>;
}

/** Opens the ledger's two sides as the processors do. */
export async function openBooks({ redis, database: { url } }: Services): Promise<Books> {
  const database: Database = await openDatabase({ url, isSole: false, connections: 2, log });
  const store = openLedgerStore(database);
  const stream = await openRedisStream({ url: redis.url, shards, maxWaiting: 20_000_000, log });
  return {
    stream,
    ledger: () => lookAt(store, stream),
    close: async () => {
      await stream.close();
      await database.close();
    },
  };
}

async function lookAt(store: LedgerStore, stream: ReadingStream): Promise<Ledger> {
  const before = await store.accounts();
  const tallies = await stream.tallies();
  return toLedger({ before, tallies, after: await store.accounts() });
}

/** How the platform stands once it has stored everything, held against what devices and subscribers know. */
export interface Reckoning {
  /** Acknowledged and not stored. */
  readonly missing: number;
  readonly doubled: number;
  readonly ledger: Ledger;
  /** What the ledger should say of what is stored. */
  readonly rows: number;
  /** Anomalies that are stored and were never announced, and announcements beyond the first of an anomaly. */
  readonly unannounced: number;
  readonly announcedAgain: number;
  readonly anomalies: number;
}

/** The ledger of readings that all came once and are stored. */
export function ledgerOfAll(readings: number): Ledger {
  return { received: readings, stored: readings, duplicate: 0, rejected: 0, inFlight: 0, difference: 0 };
}

/** Waits until nothing of the stream is left, then counts everything. */
export async function reckon(services: Services, load: Load): Promise<Reckoning> {
  const books = await openBooks(services);
  try {
    await until(
      "nothing is waiting",
      async () => {
        const tallies = await books.stream.tallies();
        return tallies.every(({ entries }) => entries === 0);
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    const rows = await services.database.query<{ key: string }>(loadRowsQuery);
    const announced = await announcedKeys(services.redis.url);
    const anomalies = await services.database.query<{ key: string }>(
      loadRowsQuery.replace("readings", "anomalies"),
    );
    const once = new Set(announced);
    return {
      ...compare(load.acknowledged, rows),
      ledger: await books.ledger(),
      rows: rows.length,
      unannounced: anomalies.filter(({ key }) => !once.has(key)).length,
      announcedAgain: announced.length - once.size,
      anomalies: anomalies.length,
    };
  } finally {
    await books.close();
  }
}

/** The anomalies in the event stream, oldest first, as keys of the load. */
export async function announcedKeys(url: string): Promise<string[]> {
  const events = await openRedisEvents({ url, log });
  try {
    const announced = await events.since("0-0", 100_000);
    return announced.flatMap(({ event }) =>
      event.kind === "anomaly" ? [`${event.deviceId}/${event.timestampUs}`] : [],
    );
  } finally {
    await events.close();
  }
}
