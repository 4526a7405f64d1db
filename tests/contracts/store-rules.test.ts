import { sql } from "kysely";
import { expect, test } from "vitest";
import type { RuleSteps } from "../../platform/readings/shard-batch.ts";
import type { RuleWish } from "../../schema/rule.ts";
import type { ScoredReading } from "../../schema/scored.ts";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, scored, series, startUs } from "./samples.ts";

const wish: RuleWish = {
  ...{ name: "Too hot", sensorType: "temperature", devices: null, schedule: null },
  condition: { of: "value", kind: "above", limit: 80, hysteresis: 5, overSeconds: 60 },
  ...{ forSeconds: 0, severity: "major", clearSeconds: 0, isEnabled: true },
};
const by = "operator:ada";
const longMs = 3_600_000;

onEach(engines, "the store of rules", (stores) => {
  const store = () => stores().rules;
  const alarms = () => stores().alarms.list({ limit: 100 });

  async function added(over: Partial<RuleWish> = {}): Promise<{ id: number; key: string }> {
    const outcome = await store().add({ ...wish, ...over }, by);
    if (outcome.kind !== "changed") throw new Error(outcome.kind);
    return { id: outcome.rule.id, key: `rule-${outcome.rule.id}` };
  }

  const at = (second: number, value = 90, deviceId = "a") =>
    scored({ deviceId, timestampUs: startUs + second * 1e6, value });

  function strike(rule: string, reading: ScoredReading, holds = true): RuleSteps["strikes"][number] {
    const { deviceId, sensorType, timestampUs, value } = reading;
    return {
      ...{ deviceId, sensorType, timestampUs, value, rule, score: 0.8 + value / 1000, severity: 2 },
      ...{ sentence: `Temperature ${value} °C`, expected: null, holds, clearSeconds: 0 },
    };
  }

  const write = (readings: readonly ScoredReading[], steps: Partial<RuleSteps>) =>
    stores().write(batch({ readings, steps: { strikes: [], ends: [], begins: [], ...steps } }));

  const series0 = { deviceId: "a", sensorType: "temperature" };

  test("keeps what operators wish, by name, on record, and only of who saw the newest version", async () => {
    const before = await store().stamp();
    const { id } = await added();
    await added({ name: "A first one" });
    expect(await store().stamp()).not.toBe(before);
    expect((await store().list()).map(({ name }) => name)).toEqual(["A first one", "Too hot"]);
    expect(await store().find(id)).toMatchObject({ ...wish, id, version: 1, changedBy: by });
    expect(await store().add(wish, by)).toEqual({ kind: "name-taken" });
    const hotter = { ...wish, severity: "critical" } as const;
    expect(await store().change(id, { version: 1, wish: { ...wish, name: "A first one" }, by })).toEqual({
      kind: "name-taken",
    });
    const stamp = await store().stamp();
    expect(await store().change(id, { version: 1, wish: hotter, by })).toMatchObject({
      kind: "changed",
      rule: { version: 2, severity: "critical" },
    });
    expect(await store().stamp()).not.toBe(stamp);
    expect(await store().change(id, { version: 1, wish, by })).toMatchObject({
      kind: "stale",
      rule: { version: 2 },
    });
    expect(await store().remove(id, { version: 1, by })).toMatchObject({ kind: "stale" });
    expect(await store().remove(id, { version: 2, by })).toMatchObject({ kind: "changed" });
    expect(await store().remove(id, { version: 2, by })).toEqual({ kind: "unknown" });
    expect(await store().find(id)).toBeNull();
    const audited = await stores().audit.list({ target: `rule-${id}`, limit: 10 });
    expect(audited.map(({ action }) => action)).toEqual(["rule.remove", "rule.change", "rule.add"]);
    expect(audited[1]).toMatchObject({ by, before: { severity: "major" }, after: { severity: "critical" } });
  });

  test("of many who saw the same version one is heard", async () => {
    const { id } = await added();
    const tries = Array.from({ length: 8 }, () => store().change(id, { version: 1, wish, by }));
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "changed")).toHaveLength(1);
  });

  test("a reading that breaks a rule raises its alarm with the batch, is no anomaly, and raises it once", async () => {
    const { key } = await added();
    const readings = [at(0), at(1, 95), at(2, 91)];
    const steps = { strikes: readings.map((reading) => strike(key, reading)) };
    expect((await write(readings, steps)).anomalies).toEqual([]);
    await write(readings, steps);
    expect(await alarms()).toMatchObject([
      {
        ...{ deviceId: "a", sensorType: "temperature", rule: key, severity: "major", state: "raised" },
        ...{ version: 1, anomalies: 3, raisedUs: startUs, lastUs: startUs + 2e6 },
        peak: { value: 95, sentence: "Temperature 95 °C", expected: null },
      },
    ]);
    expect(await stores().readings.anomalies({ limit: 10 })).toEqual([]);
  });

  test("of two readings of one moment the stored one counts", async () => {
    const { key } = await added();
    await write([at(0, 20), at(0, 90)], { strikes: [strike(key, at(0, 90))] });
    expect(await alarms()).toEqual([]);
  });

  test("a reading that is an anomaly and breaks rules has an alarm of each", async () => {
    const [one, two] = [await added(), await added({ name: "Another" })];
    const reading = anomalous({ deviceId: "a" });
    await write([reading], { strikes: [strike(one.key, reading), strike(two.key, reading)] });
    expect((await alarms()).map(({ rule }) => rule).sort()).toEqual(["anomaly", one.key, two.key]);
  });

  test("an alarm stays open while its condition goes on, and clears when that was over for long enough", async () => {
    const { key } = await added();
    await write([at(0)], { strikes: [strike(key, at(0))] });
    expect(await store().standings([series0])).toEqual([
      { ...series0, rule: key, sinceUs: null, isHeld: true },
    ]);
    expect(await stores().alarms.settle(longMs)).toBe(0);
    await write([at(1, 20)], { ends: [{ ...series0, rule: key }] });
    expect(await store().standings([series0])).toEqual([]);
    // It is to be over for 0 s, and a moment passes between the two statements.
    expect(await stores().alarms.settle(longMs)).toBe(1);
    expect(await alarms()).toMatchObject([{ state: "cleared", version: 2 }]);
  });

  test("what is over and begins again within a batch stays open, and what strikes and is over within one is told", async () => {
    const { key } = await added();
    const ends = [{ ...series0, rule: key }];
    await write([at(0)], { strikes: [strike(key, at(0))] });
    await write([at(1, 20), at(2)], { ends, strikes: [strike(key, at(2))] });
    expect(await stores().alarms.settle(longMs)).toBe(0);
    await write([at(3), at(4, 20)], { ends, strikes: [strike(key, at(3), false)] });
    expect(await alarms()).toMatchObject([{ anomalies: 3, version: 1 }]);
    expect(await stores().alarms.settle(longMs)).toBe(1);
    const single = at(5, 99, "b");
    await write([single, at(6, 20, "b")], {
      strikes: [strike(key, single, false)],
      ends: [{ deviceId: "b", sensorType: "temperature", rule: key }],
    });
    expect((await alarms())[0]).toMatchObject({ deviceId: "b", state: "raised", version: 1 });
    expect(await stores().alarms.settle(longMs)).toBe(1);
  });

  test("a rule says itself how long it is to be over; the others keep to the setting", async () => {
    const { key } = await added();
    const patient = { ...strike(key, at(0), false), clearSeconds: 600 };
    await write([at(0), anomalous({ deviceId: "b" })], { strikes: [patient] });
    expect(await stores().alarms.settle(0)).toBe(1);
    expect(await stores().alarms.list({ group: "open", limit: 9 })).toMatchObject([{ deviceId: "a" }]);
    await sql`UPDATE alarms SET heard_at = now() - interval '601 seconds'`.execute(stores().database.db);
    expect(await stores().alarms.settle(longMs)).toBe(1);
  });

  test("since when a condition goes on is kept with the batch, until it is over or its rule is changed", async () => {
    const { id, key } = await added({ forSeconds: 60 });
    const begins = (second: number) => [{ ...series0, rule: key, sinceUs: startUs + second * 1e6 }];
    await write([at(0)], { begins: begins(0) });
    expect(await store().standings([series0, { ...series0, deviceId: "b" }])).toEqual([
      { ...series0, rule: key, sinceUs: startUs, isHeld: false },
    ]);
    await write([at(1, 20), at(2)], { ends: [{ ...series0, rule: key }], begins: begins(2) });
    expect(await store().standings([series0])).toMatchObject([{ sinceUs: startUs + 2e6 }]);
    await write([at(3, 20)], { ends: [{ ...series0, rule: key }] });
    expect(await store().standings([series0])).toEqual([]);
    await write([at(4)], { begins: begins(4) });
    await store().change(id, { version: 1, wish, by });
    expect(await store().standings([series0])).toEqual([]);
  });

  test("an alarm whose rule is gone, off, or about something else holds no more", async () => {
    const rules = await Promise.all(["gone", "off", "elsewhere", "still"].map((name) => added({ name })));
    await write([at(0)], { strikes: rules.map(({ key }) => strike(key, at(0))) });
    const [gone, off, elsewhere, still] = rules.map(({ id }) => id);
    await store().remove(gone ?? 0, { version: 1, by });
    const change = { version: 1, by };
    await store().change(off ?? 0, { ...change, wish: { ...wish, name: "off", isEnabled: false } });
    await store().change(elsewhere ?? 0, {
      ...change,
      wish: { ...wish, name: "elsewhere", sensorType: "door" },
    });
    expect(await stores().alarms.settle(longMs)).toBe(3);
    expect(await stores().alarms.list({ group: "open", limit: 9 })).toMatchObject([
      { rule: `rule-${still}` },
    ]);
  });

  test("a trail is what processor/rule-trail.ts remembers, without what came late", async () => {
    const readings = series("a", 200).map((reading) => ({
      ...reading,
      timestampUs: startUs + reading.value * 1e6,
    }));
    const late = { ...at(150.5), isLate: true };
    await stores().write(batch({ readings: [...readings, late, ...series("b", 1)] }));
    const asked = [
      { ...series0, overSeconds: 80 },
      { ...series0, deviceId: "b", overSeconds: 60 },
      { ...series0, deviceId: "c", overSeconds: 60 },
    ];
    const [a, b, ...others] = await store().trails(asked);
    expect(others).toEqual([]);
    expect(b).toMatchObject({ deviceId: "b", points: [{ timestampUs: startUs }] });
    // The last second of every ten, as the clock divides them, the newest reading, and one that is old enough.
    const last = Math.floor((startUs + 199e6) / 10e6) * 10 - startUs / 1e6;
    const expected = [...Array.from({ length: 9 }, (_, part) => Math.ceil(last + (part - 8) * 10) - 1), 199];
    expect(a?.points.map(({ value }) => value)).toEqual(expected);
  });
});
