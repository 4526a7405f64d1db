import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../platform/database/database.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { openRollupStore } from "../../platform/history/rollup-store.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { platformActor } from "../../schema/alarm.ts";
import { until } from "../harness/local-servers.ts";
import { engines, openAt, type Place, pointsOf, servers, streamId } from "./databases.ts";
import { batch, nowUs, series } from "./samples.ts";

const tables = [
  "alarm_events",
  "alarms",
  "anomalies",
  "api_tokens",
  "audit",
  "brokers",
  "claim_tokens",
  "commands",
  "credentials",
  "custody",
  "detector_anchors",
  "device_latest",
  "device_ledger",
  "devices",
  "embeds",
  "expected_bands",
  "first_admin",
  "history_state",
  "late_spans",
  "ledger_journal",
  "model_overrides",
  "model_types",
  "models",
  "notification_routes",
  "notifications",
  "operators",
  "presence",
  "principals",
  "readings",
  "readings_1h",
  "readings_1m",
  "rejected",
  "revoked_certificates",
  "rule_runs",
  "rules",
  "saved_views",
  "secrets",
  "sessions",
  "settings",
  "tuning_previews",
  "tunings",
];

async function tablesIn({ db }: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name NOT LIKE 'kysely%' ORDER BY table_name`.execute(db);
  return rows.map(({ name }) => name);
}

async function hypertablesIn({ db }: Database): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT hypertable_name AS name, compression_enabled AS "isCompressed" FROM timescaledb_information.hypertables`.execute(
    db,
  );
  return rows;
}

function stepsOf(hasTimescale: boolean): string[] {
  return [
    "0001-tables",
    ...(hasTimescale ? ["0002-hypertable.timescale"] : []),
    "0003-custody",
    "0004-rejected-code",
    "0005-audit",
    "0006-access",
    "0007-operators",
    "0008-presence-and-commands",
    "0010-alarms",
    "0011-silence",
    "0012-models",
    "0013-rules-and-storms",
    "0014-notifications",
    "0015-feedback",
    "0016-history",
    ...(hasTimescale ? ["0017-history.timescale"] : []),
    "0018-lists",
    "0019-expected-bands",
    ...(hasTimescale ? ["0019-expected-bands.timescale"] : []),
    "0020-embeds-and-views",
    "0021-left-behind",
    "0022-unseen-alarms",
  ];
}

describe.each(engines)("the tables on $name", ({ make }) => {
  let place: Place;
  beforeAll(async () => {
    place = await make();
  });
  afterAll(() => place.remove());

  test("are made by the first to ask, and left as they are by the second", async () => {
    const { hasTimescale } = place;
    const database = await openAt(place);
    const steps = await migrate(database, { hasTimescale, chunkIntervalHours: 24 });
    expect(steps).toEqual(stepsOf(hasTimescale));
    expect(await migrate(database, { hasTimescale, chunkIntervalHours: 1 })).toEqual([]);
    expect(await tablesIn(database)).toEqual(tables);
    await database.close();
  });

  test("have nobody heard of in the future, and nothing of devices that were forgotten", async () => {
    const database = await openAt(place);
    const { db } = database;
    const options = { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 };
    await migrate(database, options);
    await sql`
      INSERT INTO devices SELECT id, at, at, true
      FROM (VALUES ('ahead', now() + interval '1 year'), ('old', now() - interval '1 year')) AS t(id, at)`.execute(
      db,
    );
    await sql`INSERT INTO detector_anchors SELECT id, 'co2', now(), 1, '' FROM unnest(ARRAY['old', 'gone']) AS id`.execute(
      db,
    );
    await sql`INSERT INTO rule_runs SELECT id, 'co2', 'rule-1', now() FROM unnest(ARRAY['old', 'gone']) AS id`.execute(
      db,
    );
    await sql`DELETE FROM kysely_migration WHERE name = '0021-left-behind'`.execute(db);
    expect(await migrate(database, options)).toEqual(["0021-left-behind"]);
    const isAhead = sql<boolean>`last_seen > now() OR first_seen > now()`.as("isAhead");
    expect(await db.selectFrom("devices").select(isAhead).execute()).toEqual(
      Array(2).fill({ isAhead: false }),
    );
    expect(await db.selectFrom("detector_anchors").select("device_id").execute()).toEqual([
      { device_id: "old" },
    ]);
    expect(await db.selectFrom("rule_runs").select("device_id").execute()).toEqual([{ device_id: "old" }]);
    await database.close();
  });

  test("count as seen what was cleared before anybody had to see it", async () => {
    const database = await openAt(place);
    const { db } = database;
    const options = { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 };
    await migrate(database, options);
    await sql`
      INSERT INTO alarms (device_id, sensor_type, rule, state, acknowledged_by, raised_at, last_at, anomalies, peak_score, peak_sentence)
      SELECT device, 'co2', 'anomaly', state, by, now(), now(), 1, 0.8, '' FROM (VALUES
        ('over', 'cleared', NULL), ('seen', 'cleared', 'operator:ada'), ('going-on', 'raised', NULL)) AS t(device, state, by)`.execute(
      db,
    );
    await sql`DELETE FROM kysely_migration WHERE name = '0022-unseen-alarms'`.execute(db);
    await sql`DROP INDEX alarms_unseen`.execute(db);
    expect(await migrate(database, options)).toEqual(["0022-unseen-alarms"]);
    const seen = await db
      .selectFrom("alarms")
      .select(["device_id", "acknowledged_by"])
      .orderBy("id")
      .execute();
    expect(seen.map(({ device_id, acknowledged_by }) => [device_id, acknowledged_by])).toEqual([
      ["over", platformActor],
      ["seen", "operator:ada"],
      ["going-on", null],
    ]);
    await sql`DELETE FROM alarms`.execute(db);
    await database.close();
  });
});

describe.each(servers)("the tables on $name", ({ make }) => {
  test("are made once when several processes start at the same moment", async () => {
    const place = await make();
    const { hasTimescale } = place;
    const databases = await Promise.all([1, 2, 3, 4].map(() => openAt(place)));
    const steps = await Promise.all(
      databases.map((database) => migrate(database, { hasTimescale, chunkIntervalHours: 24 })),
    );
    expect(steps.flat().sort()).toEqual(stepsOf(hasTimescale));
    expect(await Promise.all(databases.map(tablesIn))).toEqual(databases.map(() => tables));
    await Promise.all(databases.map((database) => database.close()));
    await place.remove();
  });

  test("that are in the way are named, and nothing is half done", async () => {
    const place = await make();
    const database = await openAt(place);
    await sql`CREATE TABLE rejected (id int)`.execute(database.db);
    const migrating = migrate(database, { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 });
    await expect(migrating).rejects.toMatchObject({ code: "STORE_REFUSED", retryable: false });
    await expect(migrating).rejects.toThrow(/0001-tables.*rejected/);
    expect(await tablesIn(database)).toEqual(["rejected"]);
    await database.close();
    await place.remove();
  });

  test("keep what was rolled up of readings that are gone when TimescaleDB comes later", async () => {
    const place = await make();
    const database = await openAt(place);
    await migrate(database, { hasTimescale: false, chunkIntervalHours: 24 });
    const now = Math.floor(nowUs() / 3600e6) * 3600e6;
    const at = (daysAgo: number) =>
      series("a", 60).map((reading, second) => ({
        ...reading,
        timestampUs: now - daysAgo * 86_400e6 + second * 1e6,
      }));
    const pen = await openReadingStore(database).claimShard(0, streamId);
    await pen?.write(batch({ readings: [...at(50), ...at(40), ...at(1)] }));
    await pen?.release();
    const rollUp = async () => {
      const rollups = openRollupStore(database);
      for (let look = 0; look < 2; look += 1) await rollups.rollUp();
      return rollups;
    };
    await (await rollUp()).forget({ readingsDays: 30, minutesDays: 45, hoursDays: 0 });
    const levels = async () => {
      const { rows } = await sql`SELECT
        (SELECT count(*) FROM readings)::integer AS readings,
        (SELECT json_agg(json_build_array(n, sum) ORDER BY bucket) FROM readings_1m) AS minutes,
        (SELECT json_agg(json_build_array(n, sum) ORDER BY bucket) FROM readings_1h) AS hours`.execute(
        database.db,
      );
      return rows[0];
    };
    const ofEach = [60, 1770];
    const expected = { readings: 60, minutes: [ofEach, ofEach], hours: [ofEach, ofEach, ofEach] };
    expect(await levels()).toEqual(expected);
    if (place.hasTimescale) {
      await migrate(database, { hasTimescale: true, chunkIntervalHours: 24 });
      await rollUp();
      expect(await levels()).toEqual(expected);
      await (await rollUp()).forget({ readingsDays: 30, minutesDays: 0, hoursDays: 0 });
      expect(await levels()).toEqual(expected);
    }
    await database.close();
    await place.remove();
  });

  test("take the readings from before over when TimescaleDB comes later, and still tell old from new", async () => {
    const place = await make();
    const database = await openAt(place);
    const chunkIntervalHours = 24;
    await migrate(database, { hasTimescale: false, chunkIntervalHours });
    const store = openReadingStore(database);
    const pen = await store.claimShard(0, streamId);
    const hourly = series("a", 100).map((reading) => ({
      ...reading,
      timestampUs: reading.timestampUs + reading.value * 3_600_000_000,
    }));
    const bands = hourly.map((reading) => ({ ...reading, low: 19, high: 24 }));
    await pen?.write(batch({ readings: hourly.slice(0, 50), bands: bands.slice(0, 50) }));
    if (place.hasTimescale) {
      const steps = await migrate(database, { hasTimescale: true, chunkIntervalHours });
      expect(steps).toEqual([
        "0002-hypertable.timescale",
        "0017-history.timescale",
        "0019-expected-bands.timescale",
      ]);
      expect(await hypertablesIn(database)).toEqual([
        { name: "readings", isCompressed: true },
        { name: "expected_bands", isCompressed: false },
      ]);
      await sql`SELECT compress_chunk(chunk) FROM show_chunks('readings') AS chunk`.execute(database.db);
    }
    expect(await pen?.write(batch({ readings: hourly, bands }))).toMatchObject({ inserted: 50 });
    expect(await database.db.selectFrom("expected_bands").select("at").execute()).toHaveLength(100);
    expect(await pen?.write(batch({ readings: hourly }))).toMatchObject({ inserted: 0 });
    const points = await pointsOf({ database }, { deviceId: "a", sensorType: "temperature" });
    const timestamps = hourly.map(({ timestampUs }) => timestampUs);
    expect(points.map(({ timestampUs }) => timestampUs)).toEqual(timestamps);
    await pen?.release();
    await database.close();
    await place.remove();
  });
});

describe.each(servers)("tables that processors write to on $name", ({ make }) => {
  test("are brought up to date although a batch stands in the way and is stood in the way of", async () => {
    const place = await make();
    const [database, other] = [await openAt(place), await openAt(place)];
    const options = { hasTimescale: place.hasTimescale, chunkIntervalHours: 24 };
    await migrate(database, options);
    await sql
      .raw(`ALTER TABLE devices DROP COLUMN gap_ms; DROP INDEX device_latest_type, anomalies_device;
      DELETE FROM kysely_migration WHERE name = '0018-lists'`)
      .execute(database.db);
    let migrating: Promise<unknown> = Promise.resolve();
    await other.db.transaction().execute(async (batchOfOld) => {
      const lock = (table: string) =>
        sql.raw(`LOCK TABLE ${table} IN ROW EXCLUSIVE MODE`).execute(batchOfOld);
      // So that the other one is undone.
      await sql`SET LOCAL deadlock_timeout = '60s'`.execute(batchOfOld);
      await lock("device_latest");
      migrating = migrate(database, options);
      migrating.catch(() => undefined);
      await until("it waits for the batch", async () => {
        const { rows } = await sql`SELECT FROM pg_locks WHERE NOT granted`.execute(other.db);
        return rows.length > 0;
      });
      await lock("devices");
    });
    expect(await migrating).toEqual(["0018-lists"]);
    await Promise.all([database.close(), other.close()]);
    await place.remove();
  });
});
