import { sql } from "kysely";
import { expect, test } from "vitest";
import { activeDevices, engines, onEach, pointsOf } from "./databases.ts";
import { anomalous, batch, nowUs, scored, series, startUs } from "./samples.ts";

onEach(engines, "the registry", (stores) => {
  const heard = (deviceId: string, agoMs = 0) =>
    stores().write(batch({ readings: series(deviceId, 1), receivedUs: nowUs() - agoMs * 1000 }));
  const activeIds = async (timeoutMs = 60_000, limit = 100) =>
    (await activeDevices(stores(), { timeoutMs, limit })).map(({ id }) => id);

  const isAhead = (column: "heard_at" | "last_seen") =>
    sql<boolean>`${sql.ref(column)} > now() + interval '61 seconds'`.as("isAhead");

  test("lists the active devices by id with the newest reading of each sensor", async () => {
    const receivedUs = nowUs();
    const readings = [
      scored({ deviceId: "b", sensorType: "co2", value: 400 }),
      anomalous({ deviceId: "a", timestampUs: startUs + 1 }),
      scored({ deviceId: "a", timestampUs: startUs }),
      scored({ deviceId: "a", sensorType: "humidity", value: 40 }),
    ];
    await stores().write(batch({ readings, receivedUs }));
    const devices = await activeDevices(stores(), { timeoutMs: 60_000, limit: 10 });
    const common = { active: true, firstSeenUs: receivedUs, lastSeenUs: receivedUs };
    expect(devices).toMatchObject([
      {
        id: "a",
        ...common,
        sensors: [
          { type: "humidity", value: 40 },
          { type: "temperature", value: 41.25 },
        ],
      },
      { id: "b", ...common, sensors: [{ type: "co2", value: 400, isAnomaly: false }] },
    ]);
    expect(devices[0]?.sensors[1]).toEqual({
      type: "temperature",
      label: "Temperature",
      unit: "°C",
      timestampUs: startUs + 1,
      value: 41.25,
      score: 0.75,
      isAnomaly: true,
      learning: { readings: 2, of: 60 },
    });
    expect(await activeIds(60_000, 1)).toEqual(["a"]);
  });

  test("tells how far a young series is with learning, and nothing once it has learnt enough", async () => {
    const learning = async () =>
      Object.fromEntries(
        (await activeDevices(stores(), { timeoutMs: 60_000, limit: 10 })).map(({ id, sensors }) => [
          id,
          sensors[0]?.learning?.readings ?? null,
        ]),
      );
    const anchor = { deviceId: "anchored", sensorType: "temperature", timestampUs: startUs, format: 1 };
    await stores().write(
      batch({
        readings: [...series("young", 59), ...series("grown", 60), ...series("anchored", 3)],
        anchors: [{ ...anchor, state: Buffer.of(1) }],
      }),
    );
    const late = scored({ deviceId: "young", timestampUs: startUs - 1, isLate: true });
    await stores().write(batch({ readings: [late] }));
    expect(await learning()).toEqual({ young: 59, grown: null, anchored: null });
  });

  test("remembers when a device was heard of first and last", async () => {
    const firstUs = nowUs() - 20_000_000;
    const lastUs = nowUs();
    for (const receivedUs of [firstUs, lastUs, firstUs + 1]) {
      await stores().write(batch({ readings: series("a", 1), receivedUs }));
    }
    const [device] = await activeDevices(stores(), { timeoutMs: 60_000, limit: 1 });
    expect(device).toMatchObject({ firstSeenUs: firstUs, lastSeenUs: lastUs });
  });

  test("counts a device as inactive once it is silent for longer than the timeout", async () => {
    await heard("present");
    await heard("silent", 60_000);
    expect(await stores().devices.countInactive(90_000)).toBe(0);
    expect(await stores().devices.countInactive(30_000)).toBe(1);
    expect(await activeIds(90_000)).toEqual(["present", "silent"]);
    expect(await activeIds(30_000)).toEqual(["present"]);
  });

  test("misses a device that a broker whose clock stood ahead has heard of", async () => {
    await heard("a", -365 * 86_400_000);
    await heard("b");
    await heard("b", -365 * 86_400_000);
    const { db } = stores().database;
    const seen = await db.selectFrom("devices").select(isAhead("last_seen")).execute();
    const latest = await db.selectFrom("device_latest").select(isAhead("heard_at")).execute();
    expect([...seen, ...latest]).toEqual(Array(4).fill({ isAhead: false }));
  });

  test("misses a device that was heard of before the clock of the database was put back", async () => {
    await heard("a");
    const { db } = stores().database;
    const inAYear = sql<Date>`now() + interval '1 year'`;
    await db.updateTable("devices").set({ last_seen: inAYear }).execute();
    await db.updateTable("device_latest").set({ heard_at: inAYear }).execute();
    await heard("a", 70_000);
    const last = await db.selectFrom("device_latest").select(isAhead("heard_at")).execute();
    expect(last).toEqual([{ isAhead: false }]);
    expect(await stores().devices.deactivateSilent(60_000)).toEqual(["a"]);
  });

  test("names each device that falls silent once", async () => {
    await heard("present");
    await heard("silent 1", 60_000);
    await heard("silent 2", 60_000);
    expect(await stores().devices.deactivateSilent(90_000)).toEqual([]);
    const [one, other] = await Promise.all([
      stores().devices.deactivateSilent(30_000),
      stores().devices.deactivateSilent(30_000),
    ]);
    expect([...one, ...other].sort()).toEqual(["silent 1", "silent 2"]);
    expect(await stores().devices.deactivateSilent(30_000)).toEqual([]);
    expect(await stores().devices.countInactive(3_600_000)).toBe(2);
    expect(await activeIds(3_600_000)).toEqual(["present"]);
  });

  test("knows who of those that fell silent is silent still", async () => {
    for (const id of ["back", "silent", "unasked"]) await heard(id, 60_000);
    await heard("present");
    await stores().devices.deactivateSilent(30_000);
    await heard("back");
    const asked = ["back", "silent", "present", "unknown"];
    expect(await stores().devices.stillInactive(asked)).toEqual(["silent"]);
  });

  test("has a device back with its next batch", async () => {
    await heard("a", 60_000);
    await stores().devices.deactivateSilent(30_000);
    expect(await heard("a")).toMatchObject({ inserted: 0, awakened: ["a"] });
    expect(await activeIds()).toEqual(["a"]);
    expect(await stores().devices.countInactive(60_000)).toBe(0);
    expect(await heard("a")).toMatchObject({ awakened: [] });
  });

  test("forgets devices inactive for long, and keeps their readings", async () => {
    await heard("present");
    for (const days of [2, 40]) await heard(`${days} days`, days * 86_400_000);
    expect(await stores().devices.forgetInactive(30)).toBe(0);
    await stores().devices.deactivateSilent(30_000);
    expect(await stores().devices.forgetInactive(30)).toBe(1);
    expect(await stores().devices.forgetInactive(30)).toBe(0);
    expect(await stores().devices.countInactive(30_000)).toBe(1);
    const forgotten = { deviceId: "40 days", sensorType: "temperature" };
    expect(await pointsOf(stores(), forgotten)).toMatchObject([{ value: 0 }]);
    expect(await stores().readings.recentOfDevices(["40 days"], 10)).toEqual([]);
    expect(await heard("40 days")).toMatchObject({ inserted: 0, awakened: ["40 days"] });
  });

  test("does not forget a device that is provisioned, however long it is silent", async () => {
    await heard("kept", 40 * 86_400_000);
    await stores().access.add([{ userName: "kept", hash: null, labels: {}, rights: null }], "operator:ada");
    await stores().devices.deactivateSilent(30_000);
    expect(await stores().devices.forgetInactive(30)).toBe(0);
    await stores().access.remove("kept", "operator:ada");
    expect(await stores().devices.forgetInactive(30)).toBe(1);
  });

  test("deactivates devices while batches wake them, without a deadlock", async () => {
    const ids = Array.from({ length: 200 }, (_, place) => `press-${place}`);
    const readings = ids.map((deviceId) => scored({ deviceId }));
    const waking = async () => {
      for (let round = 0; round < 15; round += 1) {
        await stores().write(batch({ readings: readings.toReversed(), receivedUs: nowUs() - 60_000_000 }));
      }
    };
    const pruning = async () => {
      for (let round = 0; round < 30; round += 1) await stores().devices.deactivateSilent(30_000);
    };
    await Promise.all([waking(), pruning()]);
    await stores().write(batch({ readings }));
    expect(await activeIds(60_000, 1000)).toHaveLength(ids.length);
  });
});
