import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Batch } from "../../platform/readings/shard-batch.ts";
import { toAnomalyEvent } from "../../schema/event.ts";
import { activeDevices, engines, onEach, pointsOf, streamId } from "./databases.ts";
import { anomalous, batch, nowUs, rejection, scored, series, startUs } from "./samples.ts";

const key = { deviceId: "press-01", sensorType: "temperature" };
const nothing = { inserted: 0, anomalies: [], awakened: [], refused: [], dropped: [] };

onEach(engines, "a batch", (stores) => {
  const points = (limit?: number) => pointsOf(stores(), key, limit);

  test("is stored whole, and its device awakes", async () => {
    const readings = series("press-01", 1000);
    const written = await stores().write(batch({ readings }));
    expect(written).toMatchObject({ inserted: 1000, anomalies: [], awakened: ["press-01"] });
    const expected = readings.map(({ timestampUs, value, score, isAnomaly }) => ({
      timestampUs,
      value,
      score,
      isAnomaly,
    }));
    expect(await points()).toEqual(expected);
  });

  test("that comes again changes nothing and announces nothing", async () => {
    const readings = [...series("press-01", 3), anomalous({ deviceId: "press-02" })];
    const rejections = [rejection()];
    await stores().write(batch({ readings, rejections }));
    expect(await stores().write(batch({ readings, rejections }))).toMatchObject(nothing);
    expect(await points()).toHaveLength(3);
    expect(await stores().readings.anomalies({ limit: 10 })).toHaveLength(1);
    expect(await stores().rejections.list({ limit: 10 })).toHaveLength(1);
  });

  test("that comes again with other values leaves what is stored as it is", async () => {
    await stores().write(batch({ readings: [scored({ value: 1 })] }));
    expect(await stores().write(batch({ readings: [scored({ value: 2 })] }))).toMatchObject(nothing);
    expect(await stores().write(batch({ readings: [anomalous()] }))).toMatchObject(nothing);
    expect(await points()).toMatchObject([{ value: 1 }]);
    expect(await stores().readings.latest(60_000)).toMatchObject([{ value: 1, isAnomaly: false }]);
    expect(await stores().readings.anomalies({ limit: 10 })).toEqual([]);
  });

  test("with a reading twice stores the first of them once", async () => {
    const readings = [
      scored({ value: 1 }),
      scored({ value: 2 }),
      ...series("press-02", 2),
      scored({ value: 3 }),
    ];
    expect(await stores().write(batch({ readings }))).toMatchObject({ inserted: 3 });
    expect(await points()).toMatchObject([{ value: 1 }]);
    expect(await stores().readings.latest(60_000)).toMatchObject([{ value: 1 }, { deviceId: "press-02" }]);
  });

  test("with anomalies twice announces and keeps the first of each", async () => {
    const firsts = Array.from({ length: 300 }, (_, place) =>
      anomalous({ deviceId: `press-${place}`, value: 41, confidence: 0.875 }),
    );
    const explanation = { sentence: "again", expected: null };
    const others = firsts.map((first) => ({ ...first, value: 42, confidence: 0.25, explanation }));
    const written = await stores().write(batch({ readings: [...firsts, ...others.toReversed()] }));
    expect(written).toMatchObject({ inserted: 300, anomalies: firsts.map(toAnomalyEvent) });
    const kept = await stores().readings.anomalies({ limit: 1000 });
    expect(new Set(kept)).toEqual(new Set(written.anomalies));
    const latest = await stores().readings.latest(60_000);
    expect(new Set(latest.map(({ value, confidence }) => `${value} ${confidence}`))).toEqual(
      new Set(["41 0.875"]),
    );
  });

  test("keeps why a reading was found unusual: the weightiest channels, the sensors and how young the series was", async () => {
    const shares = [
      { channel: "jump", share: 0.5 },
      { channel: "level", share: 0.2 },
      { channel: "smoothed", share: 0.12 },
      { channel: "range", share: 0.08 },
      { channel: "shape", share: 0.06 },
      { channel: "trend", share: 0.04 },
    ] as const;
    const explanation = { sentence: "It jumped.", expected: null, shares };
    const own = anomalous({ explanation, score: 0.97 });
    const joint = anomalous({
      deviceId: "press-02",
      explanation: { ...explanation, sensors: ["pressure", "temperature"], learnt: 12 },
    });
    await stores().write(batch({ readings: [own, joint] }));
    const kept = new Map((await stores().readings.anomalies({ limit: 9 })).map((one) => [one.deviceId, one]));
    expect(kept.get("press-01")).toMatchObject({
      ...{ severity: "critical", sensors: ["temperature"], learning: null },
      shares: { jump: 0.5, level: 0.2, smoothed: 0.12, range: 0.08 },
    });
    expect(Object.keys(kept.get("press-01")?.shares ?? {})).toHaveLength(4);
    expect(kept.get("press-02")).toMatchObject({
      ...{ severity: "minor", sensors: ["pressure", "temperature"], learning: { readings: 12, of: 60 } },
    });
    expect([...kept.values()]).toEqual(expect.arrayContaining([own, joint].map(toAnomalyEvent)));
  });

  test("that is new in part stores and announces that part", async () => {
    const known = anomalous({ timestampUs: startUs });
    const unknown = anomalous({ timestampUs: startUs + 1 });
    await stores().write(batch({ readings: [known] }));
    const written = await stores().write(
      batch({ readings: [known, unknown, scored({ deviceId: "press-02" })] }),
    );
    expect(written).toMatchObject({
      inserted: 2,
      anomalies: [toAnomalyEvent(unknown)],
      awakened: ["press-02"],
    });
  });

  test("keeps every microsecond", async () => {
    const instants = [1, 999_999, startUs, startUs + 1, 1_900_000_000_000_001, 4_102_444_799_999_999];
    const readings = instants.map((timestampUs) => scored({ timestampUs }));
    await stores().write(batch({ readings, receivedUs: startUs }));
    expect((await points()).map(({ timestampUs }) => timestampUs)).toEqual(instants);
    const [summary] = await activeDevices(stores(), { timeoutMs: 1e14, limit: 1 });
    expect(summary).toMatchObject({ firstSeenUs: startUs, lastSeenUs: startUs });
    expect(summary?.sensors).toMatchObject([{ timestampUs: instants.at(-1) }]);
  });

  test("keeps values and ids of every kind", async () => {
    const ids = ["büro 3", "__proto__", "測定-1", "😀", `a"b\\c'd`, "{x,y}", "NULL", "x".repeat(128)];
    const values = [0, -273.15, 1.7976931348623157e308, 5e-324, 0.1 + 0.2, 2 ** 53];
    const readings = ids.flatMap((id) =>
      values.map((value, place) =>
        scored({ deviceId: id, sensorType: id, value, timestampUs: startUs + place }),
      ),
    );
    expect(await stores().write(batch({ readings }))).toMatchObject({ inserted: readings.length });
    const stored = await stores().readings.recentOfDevices(ids, 100);
    expect(stored.map(({ deviceId }) => deviceId).sort()).toEqual([...ids].sort());
    for (const { points } of stored) expect(points.map(({ value }) => value)).toEqual(values);
  });

  test("without anything is written without complaint", async () => {
    expect(await stores().write(batch())).toMatchObject(nothing);
  });

  test("that is older leaves the newest reading of a series what it is", async () => {
    const newer = scored({ timestampUs: startUs + 2, value: 2 });
    await stores().write(batch({ readings: [newer, scored({ timestampUs: startUs + 1, value: 1 })] }));
    await stores().write(batch({ readings: [scored({ timestampUs: startUs, value: 0 })] }));
    const newest = { ...key, timestampUs: startUs + 2, value: 2, isAnomaly: false, confidence: 0.5 };
    expect(await stores().readings.latest(60_000)).toEqual([newest]);
    await stores().write(batch({ readings: [anomalous({ timestampUs: startUs + 3 })] }));
    expect(await stores().readings.latest(60_000)).toMatchObject([
      { timestampUs: startUs + 3, isAnomaly: true, confidence: 0.875 },
    ]);
  });

  test("wakes devices that are unknown or inactive, and no others", async () => {
    const heard = (deviceId: string) => scored({ deviceId, timestampUs: nowUs() });
    const longAgo = nowUs() - 3_600_000_000;
    await stores().write(batch({ readings: [heard("silent")], receivedUs: longAgo }));
    await stores().write(batch({ readings: [heard("active")] }));
    await stores().devices.deactivateSilent(60_000);
    const readings = ["active", "silent", "unknown", "silent"].map((id) => heard(id));
    const { awakened } = await stores().write(batch({ readings }));
    expect([...awakened].sort()).toEqual(["silent", "unknown"]);
  });

  test("keeps its rejections once by their id, in the same write", async () => {
    const [first, second] = [rejection(), rejection({ deviceId: null, receivedUs: startUs + 1 })];
    await stores().write(batch({ readings: series("press-01", 2), rejections: [first] }));
    await stores().write(batch({ rejections: [{ ...first, reason: "another" }, second] }));
    expect(await stores().rejections.list({ limit: 10 })).toEqual([second, first]);
    expect(await stores().rejections.list({ limit: 1 })).toEqual([second]);
  });

  test("keeps more rejections than a statement has parameters", async () => {
    const rejections = Array.from({ length: 9000 }, () => rejection());
    await stores().write(batch({ readings: series("press-01", 1), rejections }));
    expect(await stores().rejections.list({ limit: 10_000 })).toHaveLength(9000);
  });

  test("of rejections alone wakes nobody", async () => {
    const rejections = [rejection(), rejection()];
    expect(await stores().write(batch({ rejections }))).toMatchObject(nothing);
    expect(await stores().rejections.list({ limit: 10 })).toHaveLength(2);
    expect(await activeDevices(stores(), { timeoutMs: 60_000, limit: 10 })).toEqual([]);
  });

  test("with a rejection twice keeps it once", async () => {
    const twice = rejection();
    await stores().write(batch({ rejections: [twice, twice] }));
    await stores().rejections.keep([twice]);
    await stores().rejections.keep([]);
    expect(await stores().rejections.list({ limit: 10 })).toEqual([twice]);
  });

  const refusals: [what: string, spoilt: Partial<Batch>][] = [
    ["a NUL in an id", { readings: [scored({ deviceId: "a\u0000b" })] }],
    ["a moment after the end of time", { readings: [scored({ timestampUs: 2 ** 70 })] }],
    ["half a microsecond", { readings: [scored({ timestampUs: startUs + 0.5 })] }],
    ["a rejection whose id is no UUID", { rejections: [rejection({ id: "1" })] }],
  ];
  test.each(refusals)("with %s is stored without it", async (_, { readings = [], rejections = [] }) => {
    const good = [...series("press-01", 2), anomalous({ deviceId: "press-02" })];
    const mixed = batch({
      readings: [...good.slice(0, 1), ...readings, ...good.slice(1)],
      rejections: [rejection(), ...rejections],
    });
    const written = await stores().write(mixed);
    expect(written).toMatchObject({ inserted: good.length, refused: readings, dropped: rejections });
    expect(written.anomalies).toHaveLength(1);
    const codes = (await stores().rejections.list({ limit: 10 })).map(({ code }) => code);
    expect(codes.sort()).toEqual(["PAYLOAD_NOT_JSON", ...readings.map(() => "STORE_REFUSED")]);
  });

  test("is refused by a pen that was given back", async () => {
    const pen = await stores().readings.claimShard(0, streamId);
    await pen?.release();
    await pen?.release();
    await expect(pen?.write(batch())).rejects.toMatchObject({ code: "SHARD_LOST", retryable: false });
  });

  test("is stored in a table that a person can read", async () => {
    await stores().write(batch({ readings: [scored()] }));
    const { rows } = await sql<{ ts: string }>`
      SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS ts FROM readings`.execute(
      stores().database.db,
    );
    expect(rows).toEqual([{ ts: "2026-01-01T00:00:00.123456" }]);
  });
});

onEach(engines, "an anomaly", (stores) => {
  test("is kept once, with its explanation", async () => {
    const readings = [
      anomalous({ timestampUs: startUs }),
      anomalous({ timestampUs: startUs + 1, explanation: { sentence: "Flat for 10 min.", expected: null } }),
      scored({ timestampUs: startUs + 2 }),
    ];
    const { anomalies } = await stores().write(batch({ readings }));
    expect(anomalies).toEqual(readings.slice(0, 2).map(toAnomalyEvent));
    expect(await stores().readings.anomalies({ limit: 10 })).toEqual(anomalies.toReversed());
  });

  test("is announced in the order of its batch", async () => {
    const readings = Array.from({ length: 300 }, (_, place) =>
      place % 3 === 0
        ? anomalous({ deviceId: `press-${place % 7}`, timestampUs: startUs - place })
        : scored({ deviceId: `press-${place % 7}`, timestampUs: startUs - place }),
    );
    const { anomalies } = await stores().write(batch({ readings }));
    expect(anomalies).toEqual(readings.filter(({ isAnomaly }) => isAnomaly).map(toAnomalyEvent));
  });

  test("is found by its device, newest first", async () => {
    const at = (deviceId: string, timestampUs: number) => anomalous({ deviceId, timestampUs });
    const readings = [at("a", startUs), at("b", startUs + 1), at("a", startUs + 2), at("a", startUs + 1)];
    await stores().write(batch({ readings }));
    const found = await stores().readings.anomalies({ deviceId: "a", limit: 2 });
    expect(found.map(({ deviceId, timestampUs }) => [deviceId, timestampUs - startUs])).toEqual([
      ["a", 2],
      ["a", 1],
    ]);
  });
});
