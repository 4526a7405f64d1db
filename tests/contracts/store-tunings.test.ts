import { sql } from "kysely";
import { expect, test } from "vitest";
import type { PreviewOutcome, Tuning } from "../../schema/tuning.ts";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, scored, series } from "./samples.ts";

const quieter: Tuning = { allowance: 0.1, mutes: [] };
const quietest: Tuning = { allowance: 0.0001, mutes: ["stuck"] };
const usual: Tuning = { allowance: 1, mutes: [] };
const press = { sensorType: "temperature", deviceId: "press-01" };
const all = { sensorType: "temperature", deviceId: null };
const leaseMs = 60_000;

function outcome(to: Tuning, over: Partial<PreviewOutcome> = {}): PreviewOutcome {
  return {
    ...{ from: usual, to, sentence: "Would have removed 1 of 1 alarm in 7 days.", sinceUs: 1, untilUs: 2 },
    ...{
      series: { replayed: 1, all: 1 },
      readings: 10,
      alarms: 1,
      kept: 0,
      removed: 1,
      hidden: 0,
      unclear: 0,
    },
    ...{ falseAlarms: { all: 1, removed: 1 }, added: 0, list: [] },
    ...over,
  };
}

onEach(engines, "the store of tunings", (stores) => {
  const tunings = () => stores().tunings;
  const previews = () => stores().previews;

  async function previewed(scope: typeof press | typeof all, wish: Tuning): Promise<number> {
    const { id } = await tunings().ask({ ...scope, wish, days: 7, by: "operator:ada" });
    await previews().take("worker", leaseMs);
    await previews().finish(id, "worker", { outcome: outcome(wish) });
    return id;
  }

  const applied = async (scope: typeof press | typeof all, wish: Tuning) =>
    tunings().apply(await previewed(scope, wish), "operator:ada");

  const texts = async () =>
    (await tunings().current()).map(({ deviceId, tuning }) => `${deviceId} ${tuning?.allowance}`);

  test("a preview waits, is worked out by one worker, and is read with its outcome", async () => {
    const asked = await tunings().ask({ ...press, wish: quietest, days: 3, by: "operator:ada" });
    expect(asked).toMatchObject({
      ...press,
      wish: quietest,
      days: 3,
      state: "waiting",
      outcome: null,
      isCurrent: true,
    });
    const takes = await Promise.all(["one", "other"].map((worker) => previews().take(worker, leaseMs)));
    expect(takes.filter((task) => task !== null)).toEqual([
      { id: asked.id, ...press, wish: quietest, days: 3 },
    ]);
    const worker = takes[0] === null ? "other" : "one";
    expect(await previews().renew(asked.id, worker, leaseMs)).toBe(true);
    expect(await previews().renew(asked.id, "nobody", leaseMs)).toBe(false);
    await previews().finish(asked.id, "nobody", { failure: "not mine" });
    await previews().finish(asked.id, worker, { outcome: outcome(quietest) });
    expect(await tunings().preview(asked.id)).toMatchObject({
      state: "done",
      outcome: outcome(quietest),
      failure: null,
    });
    expect(await previews().take("one", leaseMs)).toBeNull();
    expect(await tunings().preview(asked.id + 1)).toBeNull();
  });

  test("an answered preview is forgotten after a while, one that waits is not", async () => {
    const answered = await previewed(press, quieter);
    const waiting = await tunings().ask({ ...press, wish: quietest, days: 7, by: "operator:ada" });
    expect(await previews().forgetOlderThan(30)).toBe(0);
    await sql`UPDATE tuning_previews SET asked_at = now() - interval '31 days',
      done_at = done_at - interval '31 days'`.execute(stores().database.db);
    expect(await previews().forgetOlderThan(30)).toBe(1);
    expect(await tunings().preview(answered)).toBeNull();
    expect(await tunings().preview(waiting.id)).not.toBeNull();
  });

  test("a preview whose worker died is taken by another one, three times at most", async () => {
    const { id } = await tunings().ask({ ...press, wish: quieter, days: 7, by: "operator:ada" });
    for (const worker of ["a", "b", "c"]) {
      expect(await previews().take(worker, -1)).toMatchObject({ id });
    }
    expect(await previews().take("d", leaseMs)).toBeNull();
    expect(await tunings().preview(id)).toMatchObject({
      state: "failed",
      failure: expect.stringContaining("three times"),
    });
    expect(await tunings().apply(id, "operator:ada")).toEqual({ kind: "unfinished" });
  });

  test("what was previewed comes true, on record, and is the tuning of its scope", async () => {
    expect(await tunings().version()).toBe(0);
    expect(await applied(press, quieter)).toMatchObject({
      kind: "changed",
      tuning: { ...press, tuning: quieter },
    });
    expect(await applied(all, quietest)).toMatchObject({
      kind: "changed",
      tuning: { ...all, tuning: quietest },
    });
    expect(await texts()).toEqual(["press-01 0.1", "null 0.0001"]);
    expect(await tunings().version()).toBeGreaterThan(0);
    const [ofType] = await stores().audit.list({ target: "temperature", limit: 10 });
    expect(ofType).toMatchObject({
      by: "operator:ada",
      action: "tuning.apply",
      before: null,
      after: quietest,
    });
    const [ofPress] = await stores().audit.list({ target: "press-01/temperature", limit: 10 });
    expect(ofPress).toMatchObject({ action: "tuning.apply", after: quieter });
    expect(await tunings().apply(999_999, "operator:ada")).toEqual({ kind: "unknown" });
  });

  test("a preview is out of date once a tuning that counts in its scope has changed", async () => {
    const ofPress = await previewed(press, quieter);
    const ofType = await previewed(all, quieter);
    const ofOther = await previewed({ ...press, deviceId: "press-02" }, quieter);
    await applied(press, quietest);
    expect(await tunings().preview(ofPress)).toMatchObject({ isCurrent: false });
    expect(await tunings().apply(ofPress, "operator:ada")).toEqual({ kind: "stale" });
    expect(await tunings().apply(ofType, "operator:ada")).toEqual({ kind: "stale" });
    expect(await tunings().apply(ofOther, "operator:ada")).toMatchObject({ kind: "changed" });
  });

  test("of many who apply at once one is heard", async () => {
    const ids: number[] = [];
    while (ids.length < 6) ids.push(await previewed(press, quieter));
    const kinds = (await Promise.all(ids.map((id) => tunings().apply(id, "operator:ada")))).map(
      ({ kind }) => kind,
    );
    expect(kinds.filter((kind) => kind === "changed")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "stale")).toHaveLength(5);
  });

  test("a tuning rolls back to what was before it, step by step, and only the newest does", async () => {
    const [first, second] = [await applied(press, quieter), await applied(press, quietest)];
    if (first.kind !== "changed" || second.kind !== "changed") throw new Error("not applied");
    const back = (id: number) => tunings().rollBack(id, "operator:bo");
    expect(await back(first.tuning.id)).toEqual({ kind: "stale" });
    const once = await back(second.tuning.id);
    expect(once).toMatchObject({ kind: "changed", tuning: { tuning: quieter, by: "operator:bo" } });
    expect(await texts()).toEqual(["press-01 0.1"]);
    const twice = await back(once.kind === "changed" ? once.tuning.id : 0);
    expect(twice).toMatchObject({ kind: "changed", tuning: { tuning: null } });
    expect(await texts()).toEqual([]);
    const audited = await stores().audit.list({ target: "press-01/temperature", limit: 1 });
    expect(audited).toMatchObject([
      { by: "operator:bo", action: "tuning.rollback", before: quieter, after: null },
    ]);
    expect(await back(999_999)).toEqual({ kind: "unknown" });
  });

  test("two false alarms of a series are worth a suggestion, until the tuning changes", async () => {
    const suffer = async (atUs: number) => {
      await stores().write(batch({ readings: [anomalous({ timestampUs: atUs })] }));
      const [alarm] = await stores().alarms.list({ limit: 1 });
      const order = { version: alarm?.version ?? 0, by: "operator:ada", comment: null };
      const wish = { kind: "feedback", verdict: "false-alarm" } as const;
      await stores().alarms.change(alarm?.id ?? 0, { ...order, wish });
      await stores().alarms.settle(-1);
      await tunings().suggest(press);
    };
    const nowUs = Date.now() * 1000;
    await suffer(nowUs - 2_000_000);
    expect(await previews().take("worker", leaseMs)).toBeNull();
    await suffer(nowUs - 1_000_000);
    await tunings().suggest(press);
    const task = await previews().take("worker", leaseMs);
    expect(task).toMatchObject({ ...press, wish: null, days: 7 });
    expect(await previews().take("worker", leaseMs)).toBeNull();
    expect(await tunings().suggestion(press)).toBeNull();
    await previews().finish(task?.id ?? 0, "worker", { outcome: outcome(quieter) });
    expect(await tunings().suggestion(press)).toMatchObject({ id: task?.id, outcome: { to: quieter } });
    expect(await tunings().suggestion({ ...press, deviceId: "press-02" })).toBeNull();
    await tunings().apply(task?.id ?? 0, "operator:ada");
    expect(await tunings().suggestion(press)).toBeNull();
  });

  test("a replay finds the alarms and the readings of its scope, those that came late apart", async () => {
    const readings = series("press-01", 30);
    const startUs = readings[0]?.timestampUs ?? 0;
    const late = scored({ timestampUs: startUs + 500_000, isLate: true, value: -1 });
    await stores().write(batch({ readings: [...readings, late, anomalous({ deviceId: "press-02" })] }));
    await stores().write(batch({ readings: [scored({ deviceId: "press-03", sensorType: "humidity" })] }));
    const found = await previews().seriesOf(all, { sinceUs: startUs, limit: 1 });
    expect(found).toEqual({ series: [{ ...press, deviceId: "press-02" }], all: 2 });
    expect(await previews().seriesOf(press, { sinceUs: startUs, limit: 5 })).toEqual({
      series: [press],
      all: 1,
    });
    expect(await previews().seriesOf({ ...press, deviceId: "x" }, { sinceUs: 0, limit: 5 })).toEqual({
      series: [],
      all: 0,
    });
    expect(await previews().alarmsSince(all, startUs)).toMatchObject([
      { deviceId: "press-02", raisedUs: startUs, verdict: null },
    ]);
    expect(await previews().alarmsSince(press, startUs)).toEqual([]);
    const at = (place: number) => startUs + place * 1_000_000;
    expect(await previews().readingsBefore(press, at(20), 5)).toBe(at(15));
    expect(await previews().readingsBefore(press, at(20), 500)).toBe(at(0));
    expect(await previews().readingsBefore(press, at(0), 5)).toBe(at(0));
    const page = await previews().readings(press, { fromUs: at(0), untilUs: at(4), limit: 3 });
    expect(page).toEqual([0, 1, 2].map((value) => ({ timestampUs: at(value), value })));
    expect(await previews().readings(press, { fromUs: at(2), untilUs: at(4), limit: 10 })).toHaveLength(2);
  });
});
