import { sql } from "kysely";
import { expect, test } from "vitest";
import type { AlarmRaise } from "../../platform/alarms/alarm-ports.ts";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, startUs } from "./samples.ts";

const longMs = 3_600_000;

function silence(deviceId: string, over: Partial<AlarmRaise> = {}): AlarmRaise {
  return {
    ...{ deviceId, sensorType: "", rule: "silent", atUs: startUs, score: 0.85, value: null, expected: null },
    ...{ sentence: "Silent for 5 minutes; a reading every 10 s is usual.", holds: true },
    ...over,
  };
}

onEach(engines, "alarms that no batch raises", (stores) => {
  const store = () => stores().alarms;
  const all = () => store().list({ limit: 100 });
  const device = (deviceId: string) => ({ deviceId, sensorType: "" });

  async function only() {
    const [alarm, ...others] = await all();
    if (alarm === undefined || others.length > 0) throw new Error(`there are ${others.length + 1}`);
    return alarm;
  }

  const happenedTo = async (id: number) =>
    (await store().find(id))?.events.map(
      ({ version, change, from, to }) => `${version} ${change} ${from} ${to}`,
    );

  /** As if everything heard of alarms were so long ago. */
  const age = (seconds: number) =>
    sql`UPDATE alarms SET heard_at = heard_at - ${seconds} * interval '1 second',
      shelved_until = shelved_until - ${seconds} * interval '1 second'`.execute(stores().database.db);

  test("are raised once, of the device and without a value where there is none", async () => {
    expect(await store().raise([])).toBe(0);
    expect(await store().raise([silence("a"), silence("b")])).toBe(2);
    expect(await store().raise([silence("a")])).toBe(0);
    const [b, a] = await all();
    expect(b).toMatchObject({ deviceId: "b" });
    expect(a).toMatchObject({
      sensorType: "",
      rule: "silent",
      severity: "major",
      state: "raised",
      version: 1,
    });
    expect(a).toMatchObject({ anomalies: 1, peak: { value: null, expected: null } });
    expect(await happenedTo(a?.id ?? 0)).toEqual(["1 raised null raised"]);
  });

  test("are counted when what is told is newer, several at once in one", async () => {
    const at = (seconds: number, value: number) =>
      silence("a", { sensorType: "pressure", rule: "stuck", atUs: startUs + seconds * 1e6, value });
    expect(await store().raise([at(0, 1), at(2, 2), at(1, 3)])).toBe(1);
    expect(await store().raise([at(2, 9)])).toBe(0);
    expect(await store().raise([at(3, 4)])).toBe(0);
    expect(await only()).toMatchObject({ anomalies: 4, lastUs: startUs + 3e6, peak: { value: 1 } });
  });

  test("stay open, however quiet, until their condition ends; then at once", async () => {
    await store().raise([silence("a"), silence("b"), silence("c", { holds: false })]);
    await age(3700);
    expect(await store().settle(longMs)).toBe(1);
    expect(await store().settleRule("stuck", [device("a")])).toBe(0);
    expect(await store().settleRule("silent", [device("a"), device("x")])).toBe(1);
    const [c, b, a] = await all();
    expect([a?.state, b?.state, c?.state]).toEqual(["cleared", "raised", "cleared"]);
    expect(await happenedTo(a?.id ?? 0)).toEqual(["1 raised null raised", "2 cleared raised cleared"]);
    expect(await store().settleRule("silent", [device("a")])).toBe(0);
    expect(await store().raise([silence("a", { atUs: startUs + 1 })])).toBe(1);
  });

  test("that are shelved when their condition ends clear when their time on the shelf is over", async () => {
    await store().raise([silence("a")]);
    const { id } = await only();
    const wish = { kind: "shelve", seconds: 60 } as const;
    await store().change(id, { wish, version: 1, by: "operator:ada", comment: null });
    expect(await store().settleRule("silent", [device("a")])).toBe(0);
    expect(await only()).toMatchObject({ state: "raised", version: 2 });
    await age(3700);
    expect(await store().settle(longMs)).toBe(1);
    expect(await only()).toMatchObject({ state: "cleared", version: 3 });
  });

  test("say once that they got worse, acknowledged or not, and say nothing on the shelf", async () => {
    const suffer = (second: number, score: number) =>
      stores().write(batch({ readings: [anomalous({ timestampUs: startUs + second * 1e6, score })] }));
    await suffer(0, 0.6);
    const { id } = await only();
    const order = { by: "operator:ada", comment: null };
    await store().change(id, { ...order, wish: { kind: "acknowledge" }, version: 1 });
    await suffer(1, 0.9);
    await suffer(2, 0.7);
    await suffer(3, 0.94);
    expect(await only()).toMatchObject({ severity: "major", state: "acknowledged", version: 3 });
    await store().change(id, { ...order, wish: { kind: "shelve", seconds: 60 }, version: 3 });
    await suffer(4, 0.99);
    expect(await only()).toMatchObject({ severity: "critical", version: 4, anomalies: 5 });
    expect(await happenedTo(id)).toEqual([
      "1 raised null raised",
      "2 acknowledged raised acknowledged",
      "3 worsened acknowledged acknowledged",
      "4 shelved acknowledged acknowledged",
    ]);
  });
});
