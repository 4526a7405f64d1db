import { sql } from "kysely";
import { expect, test } from "vitest";
import type { AlarmWish } from "../../schema/alarm.ts";
import { until } from "../harness/local-servers.ts";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, scored, startUs } from "./samples.ts";

const limits = { devices: 10, sharePercent: 20, windowMs: 60_000 };
const longMs = 3_600_000;

onEach(engines, "storms of alarms", (stores, engine) => {
  const store = () => stores().alarms;
  const names = (count: number, from = 0) =>
    Array.from({ length: count }, (_, number) => `d${String(from + number).padStart(4, "0")}`);

  const suffer = (deviceIds: readonly string[], second = 0, score = 0.75) =>
    stores().write(
      batch({
        readings: deviceIds.map((deviceId) =>
          anomalous({ deviceId, timestampUs: startUs + second * 1e6, score }),
        ),
      }),
    );
  const live = (deviceIds: readonly string[]) =>
    stores().write(
      batch({ readings: deviceIds.map((deviceId) => scored({ deviceId, timestampUs: startUs - 1e6 })) }),
    );

  /** What is announced, as `device change`; a storm has no device. */
  async function announced(): Promise<string[]> {
    const said: string[] = [];
    while (await store().gather(limits)) {
      const events = await store().announce(() => Promise.resolve());
      if (events.length === 0) break;
      said.push(...events.map(({ deviceId, change, alarm }) => `${deviceId || alarm.members} ${change}`));
    }
    return said.sort();
  }

  const groups = async () => (await store().list({ limit: 1000 })).filter(({ members }) => members > 0);
  async function onlyGroup() {
    const [group, ...others] = (await groups()).filter(({ state }) => state !== "cleared");
    if (group === undefined || others.length > 0) throw new Error(`there are ${others.length + 1}`);
    return group;
  }

  const age = (seconds: number) =>
    sql`UPDATE alarms SET heard_at = heard_at - ${seconds} * interval '1 second',
      opened_at = opened_at - ${seconds} * interval '1 second'`.execute(stores().database.db);

  const order = (wish: AlarmWish, version: number) => ({ wish, version, by: "operator:ada", comment: null });

  test("many devices at once are one alarm, told once; each has its own all the same, and it clears after them", async () => {
    const devices = names(40);
    await suffer(devices.slice(1));
    await suffer(["d0000"], 1, 0.9);
    expect(await announced()).toEqual(["40 raised"]);
    const group = await onlyGroup();
    expect(group).toMatchObject({
      ...{ deviceId: "", sensorType: "temperature", rule: "anomaly", severity: "major", group: null },
      ...{ members: 40, anomalies: 40, version: 1, raisedUs: startUs, lastUs: startUs + 1e6 },
    });
    expect(group.peak.sentence).toMatch(/^40 devices at once; the worst is d0000: Temperature/);
    const members = await store().list({ of: group.id, limit: 100 });
    expect(members).toHaveLength(40);
    expect(members.every((member) => member.group === group.id && member.version === 1)).toBe(true);
    expect(await store().list({ isFolded: true, limit: 100 })).toEqual([group]);
    await age(3700);
    expect(await store().settle(longMs)).toBe(40);
    expect(await announced()).toEqual([]);
    expect(await store().settle(longMs)).toBe(1);
    expect(await announced()).toEqual(["40 cleared"]);
  });

  test("nine devices are nine alarms, and so are ten that are few for their type", async () => {
    await suffer(names(9));
    expect(await announced()).toHaveLength(9);
    await live(names(60));
    await suffer(names(1, 9));
    expect(await announced()).toEqual(["d0009 raised"]);
    await suffer(names(2, 10));
    expect(await announced()).toEqual(["12 raised"]);
    expect(await onlyGroup()).toMatchObject({ members: 12 });
  });

  test("what was told before the storm is told to be over, too; what joins while it rages is not", async () => {
    await suffer(names(5));
    await announced();
    await suffer(names(5, 5));
    expect(await announced()).toEqual(["10 raised"]);
    await suffer(names(3, 10));
    expect(await announced()).toEqual([]);
    expect(await onlyGroup()).toMatchObject({ members: 13, version: 1 });
    await age(3700);
    await store().settle(longMs);
    expect(await announced()).toEqual(names(5).map((name) => `${name} cleared`));
  });

  test("after a pause a single alarm stands for itself, and another wave is told as such", async () => {
    await suffer(names(10));
    await announced();
    await age(61);
    await suffer(names(1, 10));
    expect(await announced()).toEqual(["d0010 raised"]);
    await suffer(names(9, 11));
    expect(await announced()).toEqual(["20 worsened"]);
    expect(await onlyGroup()).toMatchObject({ members: 20, version: 2 });
  });

  test("sensor types and rules have storms of their own, and none is made where none is wanted", async () => {
    const other = { sensorType: "", rule: "silent", atUs: startUs, score: 0.7, value: null, expected: null };
    await store().raise(
      names(10).map((deviceId) => ({ ...other, deviceId, sentence: "Silent.", holds: true })),
    );
    await suffer(names(9));
    expect(await store().gather({ ...limits, devices: 0 })).toBe(true);
    expect(await groups()).toEqual([]);
    expect(await announced()).toEqual(["10 raised", ...names(9).map((name) => `${name} raised`)]);
    expect(await onlyGroup()).toMatchObject({ sensorType: "", rule: "silent" });
    expect(
      await store().settleRule(
        "silent",
        names(10).map((deviceId) => ({ deviceId, sensorType: "" })),
      ),
    ).toBe(10);
    await age(2);
    expect(await store().settle(longMs)).toBe(1);
  });

  test("what an operator does with a storm is done with its members, on record", async () => {
    await suffer(names(10));
    await announced();
    const { id } = await onlyGroup();
    await store().change(id, order({ kind: "acknowledge" }, 1));
    await suffer(names(1), 1, 0.99);
    expect(await announced()).toEqual(["10 acknowledged"]);
    // Nobody hears of the member, so the storm says it, once.
    for (let twice = 0; twice < 2; twice += 1) await store().settle(longMs);
    expect(await announced()).toEqual(["10 worsened"]);
    expect((await onlyGroup()).peak.sentence).toContain("the worst is d0000");
    const [member] = await store().list({ of: id, deviceId: "d0000", limit: 1 });
    expect(member).toMatchObject({
      state: "acknowledged",
      acknowledgedBy: "operator:ada",
      severity: "critical",
    });
    expect(await store().change(id, order({ kind: "clear" }, 3))).toMatchObject({ kind: "changed" });
    expect(await announced()).toEqual(["10 cleared"]);
    const happened = (await store().find(member?.id ?? 0))?.events ?? [];
    expect(happened.map(({ version, change, comment }) => `${version} ${change} ${comment}`)).toEqual([
      "1 raised null",
      `2 acknowledged with alarm ${id}`,
      "3 worsened null",
      `4 cleared with alarm ${id}`,
    ]);
    expect(await store().list({ group: "open", limit: 100 })).toEqual([]);
  });

  test.skipIf(engine.name === "PGlite")(
    "what an operator does with a storm outlasts a deadlock",
    async () => {
      await suffer(names(10));
      await announced();
      const { id } = await onlyGroup();
      const { db } = stores().database;
      const isWaited = async () => {
        const { rows } = await sql`SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' AND query LIKE '%WITH due AS%'`.execute(db);
        return rows.length > 0;
      };
      const changed = await db.transaction().execute(async (other) => {
        await sql`SELECT FROM alarms WHERE device_id = 'd0005' FOR UPDATE`.execute(other);
        const change = store().change(id, order({ kind: "acknowledge" }, 1));
        await until("the change waits for the member", isWaited);
        // Whoever has waited for a second finds the deadlock and gives way: the change, unless the machine is very slow.
        await sql`SELECT FROM alarms WHERE id = ${id} FOR UPDATE`.execute(other).catch(() => undefined);
        return { change };
      });
      expect(await changed.change).toMatchObject({ kind: "changed" });
      expect(await store().list({ of: id, group: "acknowledged", limit: 100 })).toHaveLength(10);
    },
  );

  test("many who gather at once make one alarm and take each member once", async () => {
    await suffer(names(200));
    const tries = Array.from({ length: engine.name === "PGlite" ? 2 : 8 }, () => store().gather(limits));
    expect((await Promise.all(tries)).some((isDone) => isDone)).toBe(true);
    expect(await announced()).toEqual(["200 raised"]);
    expect(await onlyGroup()).toMatchObject({ members: 200 });
  });

  test("what was cleared long ago is removed with what happened to it; what is open stays", async () => {
    const { db } = stores().database;
    await suffer(names(12));
    await announced();
    await suffer(["alone"], 5);
    const { id } = await onlyGroup();
    await store().change(id, order({ kind: "clear" }, 1));
    expect(await store().forgetCleared(1)).toBe(0);
    await sql`UPDATE alarms SET cleared_at = now() - interval '25 hours' WHERE device_id < 'd0006'`.execute(
      db,
    );
    expect(await store().forgetCleared(1)).toBe(7);
    const left = await store().list({ limit: 100 });
    expect(left.map(({ deviceId, group }) => [deviceId, group])).toEqual([
      ["alone", null],
      ...names(6, 6)
        .reverse()
        .map((name) => [name, null]),
    ]);
    const { rows } =
      await sql`SELECT FROM alarm_events WHERE alarm_id NOT IN (SELECT id FROM alarms)`.execute(db);
    expect(rows).toEqual([]);
  });
});
