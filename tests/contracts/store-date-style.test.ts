import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hold } from "../../platform/database/held-connection.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { openRollupStore } from "../../platform/history/rollup-store.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { engines, openAt, type Place, streamId } from "./databases.ts";
import { batch, nowUs, scored } from "./samples.ts";

const hourUs = 3600e6;

describe.each(engines)("a database that writes its times as it likes, on $name", ({ make }) => {
  let place: Place;
  beforeAll(async () => {
    place = await make();
    const database = await openAt(place);
    await migrate(database, { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 });
    const settings = ["datestyle = 'SQL, DMY'", "timezone = 'Asia/Kolkata'"];
    for (const setting of settings) {
      // Of the database for those that connect later, and of the one session that PGlite has.
      await sql`DO ${sql.lit(`BEGIN EXECUTE format('ALTER DATABASE %I SET ${setting.replaceAll("'", "''")}', current_database()); END`)}`.execute(
        database.db,
      );
      await sql.raw(`SET ${setting}`).execute(database.db);
    }
    await database.close();
  });
  afterAll(() => place.remove());

  test("has them read as they are, on a connection that is kept as well", async () => {
    const database = await openAt(place);
    const times = sql<{ at: Date; text: string }>`
      SELECT timestamptz '2026-11-30T10:00:00Z' AS at, (timestamptz '2026-11-30T10:00:00Z')::text AS text`;
    const expected = [{ at: new Date("2026-11-30T10:00:00Z"), text: "2026-11-30 10:00:00+00" }];
    expect((await times.execute(database.db)).rows).toEqual(expected);
    if (!place.isSole) {
      const held = await hold(database, "the test");
      expect((await times.execute(held.db)).rows).toEqual(expected);
      await held.release();
    }
    await database.close();
  });

  test("has readings that come late in its minutes and hours", async () => {
    const database = await openAt(place);
    const { db } = database;
    const pen = await openReadingStore(database).claimShard(0, streamId);
    const rollups = openRollupStore(database);
    const rollUp = async () => {
      for (let turn = 0; turn < 4; turn += 1) await rollups.rollUp();
    };
    const at = (Math.floor(nowUs() / hourUs) - 30) * hourUs;
    const write = (us: number) =>
      pen?.write(batch({ readings: [scored({ timestampUs: us })], receivedUs: nowUs() }));
    await write(at);
    await rollUp();
    await write(at + 1e6);
    await rollUp();
    const levels = await sql`
      SELECT (SELECT sum(n)::integer FROM readings_1m) AS minutes, (SELECT sum(n)::integer FROM readings_1h) AS hours`.execute(
      db,
    );
    expect(levels.rows).toEqual([{ minutes: 2, hours: 2 }]);
    await pen?.release();
    await database.close();
  });
});
