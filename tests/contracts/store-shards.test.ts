import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Database } from "../../platform/database/database.ts";
import type { ShardWriter } from "../../platform/ports.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { until } from "../harness/local-servers.ts";
import { engines, onEach, openAt, pointsOf, type Stores, servers, streamId } from "./databases.ts";
import { batch, retrying, scored, series, startUs } from "./samples.ts";

/** Ends the connection that holds the pen of a shard, as a failover or an impatient administrator does. */
async function cutOff({ database, place }: Stores, shard: number): Promise<void> {
  const name = new URL(place.url).pathname.slice(1);
  await sql`
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = ${name} AND objid = ${shard} AND granted`.execute(database.db);
}

async function given(pen: Promise<ShardWriter | null>): Promise<ShardWriter> {
  const writer = await pen;
  if (writer === null) throw new Error("the shard is taken");
  return writer;
}

onEach(servers, "the pen of a shard", (stores) => {
  /** Another processor: with connections of its own. */
  async function other(): Promise<{
    database: Database;
    claim: (shard: number) => Promise<ShardWriter | null>;
  }> {
    const database = await openAt(stores().place);
    return { database, claim: (shard) => openReadingStore(database).claimShard(shard, streamId) };
  }

  test("is with one processor at a time, and free again when given back", async () => {
    const { database, claim } = await other();
    const pen = await given(stores().readings.claimShard(3, streamId));
    expect(await claim(3)).toBeNull();
    expect(await stores().readings.claimShard(3, streamId)).toBeNull();
    const neighbour = await given(claim(4));
    expect(await pen.write(batch({ readings: series("a", 1) }))).toMatchObject({ inserted: 1 });
    expect(await neighbour.write(batch({ readings: series("b", 1) }))).toMatchObject({ inserted: 1 });
    await pen.release();
    const next = await given(claim(3));
    expect(await stores().readings.claimShard(3, streamId)).toBeNull();
    await Promise.all([next, neighbour].map((held) => held.release()));
    await database.close();
  });

  test("goes to exactly one of many that ask at once", async () => {
    const { database, claim } = await other();
    const asked = [0, 1, 2, 3].flatMap(() => [claim(5), stores().readings.claimShard(5, streamId)]);
    const pens = (await Promise.all(asked)).filter((pen) => pen !== null);
    expect(pens).toHaveLength(1);
    await pens[0]?.release();
    await database.close();
  });

  test("is lost with its connection: writing fails, and another processor gets it", async () => {
    const { database, claim } = await other();
    const lost = await given(stores().readings.claimShard(6, streamId));
    await lost.write(batch({ readings: series("a", 1) }));
    await cutOff(stores(), 6);
    const readings = series("a", 2);
    const down = { code: "STORE_DOWN", retryable: true };
    const gone = { code: "SHARD_LOST", retryable: false };
    await expect(lost.write(batch({ readings }))).rejects.toMatchObject(down);
    await expect(lost.write(batch({ readings }))).rejects.toMatchObject(gone);
    let pen: ShardWriter | null = null;
    await until("another processor has the pen", async () => {
      pen = await claim(6);
      return pen !== null;
    });
    const next = await given(Promise.resolve(pen));
    expect(await next.write(batch({ readings }))).toMatchObject({ inserted: 1 });
    await expect(lost.write(batch({ readings }))).rejects.toMatchObject(gone);
    await lost.release();
    expect(await stores().readings.claimShard(6, streamId)).toBeNull();
    await next.release();
    await database.close();
  });

  test("leaves nothing of a batch that its connection was cut off in", async () => {
    const { db } = stores().database;
    await stores().write(batch({ readings: [scored({ deviceId: "a", timestampUs: startUs - 1 })] }));
    const pen = await given(stores().readings.claimShard(7, streamId));
    const rows = series("a", 20_000);
    await db.transaction().execute(async (held) => {
      // What it has to say of the device must wait, when its readings are in.
      await sql`SELECT 1 FROM devices WHERE device_id = 'a' FOR UPDATE`.execute(held);
      const failed = expect(pen.write(batch({ readings: rows }))).rejects.toMatchObject({
        ...{ code: "STORE_DOWN", retryable: true },
      });
      await until("the batch is being written", async () => {
        const waiting = await sql`SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%WITH input AS%'`.execute(
          db,
        );
        return waiting.rows.length > 0;
      });
      await cutOff(stores(), 7);
      await failed;
    });
    await pen.release();
    const key = { deviceId: "a", sensorType: "temperature" };
    expect(await pointsOf(stores(), key)).toHaveLength(1);
    expect(await stores().write(batch({ readings: rows }), 7)).toMatchObject({ inserted: rows.length });
  });
});

onEach(engines, "two writers", (stores, { name }) => {
  test("that write the same readings at once store each of them once", async () => {
    const [first, second] = [
      await given(stores().readings.claimShard(0, streamId)),
      await given(stores().readings.claimShard(1, streamId)),
    ];
    // In opposite orders they meet in a deadlock now and then, which costs a second; the one that is thrown out tries again.
    const count = name === "PGlite" ? 10 : 15;
    let inserted = 0;
    const events: string[] = [];
    const write = async (pen: ShardWriter, round: number, isReversed: boolean): Promise<void> => {
      const readings = Array.from({ length: 100 }, (_, place) =>
        scored({
          deviceId: `press-${place}`,
          timestampUs: startUs + round,
          isAnomaly: place % 10 === 0,
          explanation: place % 10 === 0 ? { sentence: "unusual", expected: null } : null,
        }),
      );
      const ordered = isReversed ? readings.toReversed() : readings;
      const written = await retrying(() => pen.write(batch({ readings: ordered })));
      inserted += written.inserted;
      events.push(...written.anomalies.map(({ deviceId, timestampUs }) => `${deviceId} ${timestampUs}`));
    };
    for (let round = 0; round < count; round += 1) {
      await Promise.all([write(first, round, false), write(second, round, true)]);
    }
    expect(inserted).toBe(100 * count);
    expect(new Set(events).size).toBe(10 * count);
    expect(events).toHaveLength(10 * count);
    const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM readings`.execute(
      stores().database.db,
    );
    expect(rows).toEqual([{ count: 100 * count }]);
    await Promise.all([first, second].map((pen) => pen.release()));
  });
});
