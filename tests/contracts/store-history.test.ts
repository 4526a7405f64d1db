import { sql } from "kysely";
import { expect, test } from "vitest";
import { openRollupStore } from "../../platform/history/rollup-store.ts";
import type { HistorySeries } from "../../schema/history.ts";
import type { ScoredReading } from "../../schema/scored.ts";
import { until } from "../harness/local-servers.ts";
import { engines, onEach, type Stores, servers } from "./databases.ts";
import { anomalous, batch, nowUs, scored } from "./samples.ts";

const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const hourUs = 60 * minuteUs;
/** A Thursday, at midnight. */
const beginUs = Date.UTC(2026, 0, 1) * 1000;

/** A reading every ten seconds, up and down by quarters, so that sums are exact in whatever order they are made. */
function course(deviceId: string, fromUs: number, count: number): ScoredReading[] {
  return Array.from({ length: count }, (_, place) =>
    scored({
      deviceId,
      timestampUs: fromUs + place * 10 * secondUs + 123_456,
      value: ((place * 7) % 40) / 4,
    }),
  );
}

/** What the readings come to in steps, worked out here. */
function inSteps(readings: readonly ScoredReading[], stepUs: number) {
  const groups = new Map<number, number[]>();
  for (const { timestampUs, value } of readings) {
    const at = Math.floor(timestampUs / stepUs) * stepUs;
    groups.set(at, [...(groups.get(at) ?? []), value]);
  }
  const steps = [...groups].sort(([a], [b]) => a - b);
  return {
    ts: steps.map(([at]) => at),
    mean: steps.map(([, values]) => values.reduce((sum, value) => sum + value, 0) / values.length),
    min: steps.map(([, values]) => Math.min(...values)),
    max: steps.map(([, values]) => Math.max(...values)),
    n: steps.map(([, values]) => values.length),
  };
}

/** Rolls up all that is settled: one look announces, the next one does it. */
async function rollUp({ rollups }: Stores): Promise<void> {
  await rollups.rollUp();
  await rollups.rollUp();
}

async function rolledUpIn({ database }: Stores): Promise<number> {
  const { rows } = await sql<{ minutes: number }>`
    SELECT coalesce(sum(n), 0)::integer AS minutes FROM readings_1m`.execute(database.db);
  return rows[0]?.minutes ?? 0;
}

onEach(engines, "the history", (stores) => {
  const ask = async (
    range: { fromUs: number; toUs: number; points: number },
    deviceIds = ["a"],
  ): Promise<readonly HistorySeries[]> =>
    stores().history.history({ deviceIds, sensorTypes: null, ...range });
  const first = async (range: { fromUs: number; toUs: number; points: number }) => (await ask(range))[0];
  const write = (readings: readonly ScoredReading[]) => stores().write(batch({ readings }));

  test("gives the readings themselves where they are no more than the points", async () => {
    const readings = course("a", beginUs, 60);
    await write(readings);
    const answer = await first({ fromUs: beginUs, toUs: beginUs + 5 * minuteUs, points: 30 });
    expect(answer).toEqual({
      ...{ deviceId: "a", sensorType: "temperature", level: "raw", stepSeconds: null },
      ts: readings.slice(0, 30).map(({ timestampUs }) => timestampUs),
      mean: readings.slice(0, 30).map(({ value }) => value),
      ...{ anomalies: [], expected: [], anomaliesLeftOff: 0 },
    });
  });

  test.each([
    ["raw", 30, 400],
    ["1m", 60, 220],
    ["1m", 600, 20],
    ["1h", 3600, 5],
  ] as const)(
    "is the same before and after it is rolled up: %s in steps of %i s",
    async (level, stepSeconds, points) => {
      const readings = course("a", beginUs, 3 * 360);
      await write(readings);
      const range = { fromUs: beginUs, toUs: beginUs + 3 * hourUs, points };
      const expected = { level, stepSeconds, ...inSteps(readings, stepSeconds * secondUs) };
      expect(await first(range)).toMatchObject(expected);
      await rollUp(stores());
      expect(await first(range)).toMatchObject(expected);
      expect(await rolledUpIn(stores())).toBe(readings.length);
    },
  );

  test("takes what is not rolled up yet from the readings", async () => {
    const fromUs = Math.floor(nowUs() / hourUs) * hourUs - 2 * hourUs;
    const readings = course("a", fromUs, Math.floor((nowUs() - fromUs) / (10 * secondUs)));
    await write(readings);
    await rollUp(stores());
    for (const [points, stepSeconds] of [
      [200, 60],
      [4, 3600],
    ] as const) {
      const answer = await first({ fromUs, toUs: fromUs + 3 * hourUs, points });
      expect(answer).toMatchObject({ stepSeconds, ...inSteps(readings, stepSeconds * secondUs) });
    }
  });

  test("changes with readings that come late", async () => {
    const readings = course("a", beginUs, 2 * 360);
    await write(readings.filter((_, place) => place % 50 !== 7));
    await rollUp(stores());
    await write(readings);
    await rollUp(stores());
    for (const [points, stepSeconds] of [
      [130, 60],
      [4, 3600],
    ] as const) {
      const answer = await first({ fromUs: beginUs, toUs: beginUs + 2 * hourUs, points });
      expect(answer).toMatchObject({ stepSeconds, ...inSteps(readings, stepSeconds * secondUs) });
    }
    const { rows } = await sql<{ left: number }>`SELECT count(*) AS left FROM late_spans`.execute(
      stores().database.db,
    );
    expect(rows).toEqual([{ left: 0 }]);
  });

  test("never loses an anomaly, and says how many of too many are left off", async () => {
    const many = Array.from({ length: 1003 }, (_, place) =>
      anomalous({ deviceId: "a", timestampUs: beginUs + place * secondUs, score: place < 3 ? 0.625 : 0.75 }),
    );
    await write(many.slice(0, 10));
    const range = { fromUs: beginUs, toUs: beginUs + 48 * hourUs, points: 2 };
    expect(await first(range)).toMatchObject({
      level: "1h",
      anomalies: many
        .slice(0, 10)
        .map(({ timestampUs, value, score }) => [timestampUs, value, score, "minor"]),
      anomaliesLeftOff: 0,
    });
    await write(many);
    const answer = await first(range);
    expect(answer?.anomaliesLeftOff).toBe(3);
    expect(answer?.anomalies.map(([timestampUs]) => timestampUs)).toEqual(
      many.slice(3).map(({ timestampUs }) => timestampUs),
    );
  });

  test("is told of each sensor, also of one that never spoke", async () => {
    await write([
      ...course("b", beginUs, 3),
      scored({ deviceId: "a", sensorType: "humidity", timestampUs: beginUs }),
    ]);
    const range = { fromUs: beginUs, toUs: beginUs + hourUs, points: 10 };
    const brief = (answer: readonly HistorySeries[]) =>
      answer.map(({ deviceId, sensorType, ts }) => [deviceId, sensorType, ts.length]);
    expect(brief(await ask(range, ["b", "a", "nobody"]))).toEqual([
      ["a", "humidity", 1],
      ["b", "temperature", 3],
    ]);
    const named = { deviceIds: ["b", "b"], sensorTypes: ["temperature", "humidity"], ...range };
    expect(brief(await stores().history.history(named))).toEqual([
      ["b", "humidity", 0],
      ["b", "temperature", 3],
    ]);
  });

  test("survives the largest numbers there are", async () => {
    const values = [1.7e308, 1.7e308, -1.7e308];
    await write(values.map((value, place) => scored({ deviceId: "a", timestampUs: beginUs + place, value })));
    await rollUp(stores());
    const answer = await first({ fromUs: beginUs, toUs: beginUs + hourUs, points: 2 });
    expect(answer).toMatchObject({ stepSeconds: 3600, min: [-1.7e308], max: [1.7e308], n: [3] });
  });

  test("keeps minutes and hours when the readings are gone", async () => {
    const oldUs = Math.floor(nowUs() / hourUs) * hourUs - 100 * 24 * hourUs;
    const youngUs = Math.floor(nowUs() / hourUs) * hourUs - 24 * hourUs;
    const [old, young] = [course("a", oldUs, 360), course("a", youngUs, 360)];
    await write([...old, ...young]);
    await rollUp(stores());
    await stores().rollups.forget({ readingsDays: 30, minutesDays: 60, hoursDays: 0 });
    const minutes = await stores().database.db.selectFrom("readings_1m").select("n").execute();
    expect(minutes).toHaveLength(60);
    const hours = await stores().database.db.selectFrom("readings_1h").select("n").execute();
    expect(hours).toHaveLength(2);
    expect(await first({ fromUs: oldUs, toUs: oldUs + hourUs, points: 1000 })).toMatchObject({
      ...{ level: "1h", stepSeconds: 3600, ...inSteps(old, hourUs) },
    });
    // What comes when its time is over changes nothing that was made of those before it.
    await write(course("a", oldUs + secondUs, 3));
    await rollUp(stores());
    await stores().rollups.forget({ readingsDays: 30, minutesDays: 60, hoursDays: 0 });
    expect(await first({ fromUs: oldUs, toUs: oldUs + hourUs, points: 1000 })).toMatchObject(
      inSteps(old, hourUs),
    );
    expect(await first({ fromUs: youngUs, toUs: youngUs + hourUs, points: 1000 })).toMatchObject({
      level: "raw",
      ts: young.map(({ timestampUs }) => timestampUs),
    });
  });
});

onEach(servers, "the history", (stores) => {
  test("is not rolled up past a batch that cannot have heard that it will be", async () => {
    const readings = course("a", beginUs, 12);
    await stores().write(batch({ readings: readings.slice(0, 6) }));
    let commit = (): void => undefined;
    const committed = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const row = (reading: ScoredReading) => sql`(${reading.deviceId}, ${reading.sensorType},
      timestamptz 'epoch' + ${reading.timestampUs}::bigint * interval '1 microsecond', ${reading.value}, 0, false, '')`;
    const { db } = stores().database;
    let isOpen = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      isOpen = resolve;
    });
    const slow = db.transaction().execute(async (transaction) => {
      await sql`INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version)
        VALUES ${sql.join(readings.slice(6).map(row))}`.execute(transaction);
      isOpen();
      await committed;
    });
    await opened;
    await rollUp(stores());
    commit();
    await slow;
    await rollUp(stores());
    expect(await rolledUpIn(stores())).toBe(readings.length);
    const range = { deviceIds: ["a"], sensorTypes: null, fromUs: beginUs, toUs: beginUs + hourUs, points: 2 };
    expect(await stores().history.history(range)).toMatchObject([
      { stepSeconds: 3600, ...inSteps(readings, hourUs) },
    ]);
  });

  test("says when it was not forgotten since somebody else is at it", async () => {
    const oldUs = Math.floor(nowUs() / hourUs) * hourUs - 100 * 24 * hourUs;
    await stores().write(batch({ readings: course("a", oldUs, 12) }));
    await rollUp(stores());
    const forget = () => stores().rollups.forget({ readingsDays: 30, minutesDays: 60, hoursDays: 0 });
    await stores()
      .database.db.connection()
      .execute(async (other) => {
        // "roll" in ASCII: what a processor holds that rolls up.
        await sql`SELECT pg_advisory_lock(${0x726f6c6c})`.execute(other);
        expect(await forget()).toBe(false);
        expect(await rolledUpIn(stores())).toBe(12);
        await sql`SELECT pg_advisory_unlock(${0x726f6c6c})`.execute(other);
      });
    expect(await forget()).toBe(true);
    expect(await rolledUpIn(stores())).toBe(0);
  });
});

onEach(servers, "the history of a processor that stands still while it is at it", (stores) => {
  test("is another's after ten seconds", async () => {
    const { database } = stores();
    let answers = 0;
    let wake = (): void => undefined;
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    // The first that had the lock, and hears of nothing that was answered after that.
    const db = database.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        answers += 1;
        if (answers > 2) await awake;
        return result;
      },
    });
    const still = openRollupStore({ ...database, db }).rollUp();
    const outcome = still.catch((error: unknown) => error);
    await until("it has the lock", () => answers > 2);
    const forget = () => stores().rollups.forget({ readingsDays: 0, minutesDays: 0, hoursDays: 0 });
    try {
      expect(await forget()).toBe(false);
      await until("another is at it", forget, { everyMs: 500 });
    } finally {
      wake();
    }
    expect(await outcome).toMatchObject({ code: "STORE_DOWN", retryable: true });
  });
});
