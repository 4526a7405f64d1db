import { sql } from "kysely";
import { expect, test } from "vitest";
import type { AlarmWish } from "../../schema/alarm.ts";
import type { AlarmEvent } from "../../schema/event.ts";
import { engines, onEach, streamId } from "./databases.ts";
import { anomalous, batch, scored, startUs } from "./samples.ts";

const second = 1_000_000;
const longMs = 3_600_000;

onEach(engines, "the store of alarms", (stores, engine) => {
  const store = () => stores().alarms;

  /** Anomalies of these devices, `from` and the following seconds. */
  const suffer = (deviceIds: readonly string[], from = 0, count = 1) =>
    stores().write(
      batch({
        readings: deviceIds.flatMap((deviceId) =>
          Array.from({ length: count }, (_, place) =>
            anomalous({ deviceId, timestampUs: startUs + (from + place) * second }),
          ),
        ),
      }),
    );

  const all = () => store().list({ limit: 100 });

  async function only() {
    const [alarm, ...others] = await all();
    if (alarm === undefined || others.length > 0) throw new Error(`there are ${others.length + 1}`);
    return alarm;
  }

  const happenedTo = async (id: number) =>
    (await store().find(id))?.events.map(({ version, change, by }) => `${version} ${change} ${by}`);

  const wish = ([id, version]: readonly [number, number], what: AlarmWish, comment: string | null = null) =>
    store().change(id, { wish: what, version, by: "operator:ada", comment });

  /** As if the last anomaly of every alarm, and the time on the shelf, were so long ago. */
  const age = (seconds: number) =>
    sql`UPDATE alarms SET heard_at = heard_at - ${seconds} * interval '1 second',
      shelved_until = shelved_until - ${seconds} * interval '1 second'`.execute(stores().database.db);

  async function announced(): Promise<readonly AlarmEvent[]> {
    return store().announce(() => Promise.resolve());
  }

  test("an anomaly raises an alarm with what there is to know of it", async () => {
    await suffer(["a"]);
    expect(await only()).toMatchObject({
      ...{ deviceId: "a", sensorType: "temperature", rule: "anomaly", severity: "minor" },
      ...{ state: "raised", version: 1, raisedUs: startUs, lastUs: startUs, clearedUs: null, anomalies: 1 },
      peak: { score: 0.75, value: 41.25, expected: { low: 19.5, high: 24.5 } },
      ...{ acknowledgedBy: null, assignee: null, shelvedUntilUs: null },
    });
    expect((await only()).peak.sentence).toContain("41.25");
  });

  test("alarms are found by what they are about, and by a moment they went on at", async () => {
    await suffer(["a", "b"], 0, 5);
    const ids = async (query: object) =>
      (await store().list({ limit: 10, ...query })).map(({ deviceId }) => deviceId);
    const like = { deviceId: "a", sensorType: "temperature", rule: "anomaly" };
    expect(await ids(like)).toEqual(["a"]);
    expect(await ids({ ...like, sensorType: "humidity" })).toEqual([]);
    expect(await ids({ ...like, rule: "silent" })).toEqual([]);
    expect(await ids({ deviceId: "a", atUs: startUs + 4 * second })).toEqual(["a"]);
    expect(await ids({ deviceId: "a", atUs: startUs + 4 * second + 1 })).toEqual([]);
    expect(await ids({ deviceId: "a", atUs: startUs - 1 })).toEqual([]);
  });

  test("ordinary readings raise nothing, and readings that come again count once", async () => {
    await stores().write(batch({ readings: [scored()] }));
    expect(await all()).toEqual([]);
    await suffer(["a"], 1, 3);
    await suffer(["a"], 1, 3);
    expect(await only()).toMatchObject({ anomalies: 3, version: 1 });
  });

  test("further anomalies are counted in the open alarm and change nothing else but its worst reading", async () => {
    await suffer(["a"], 5, 2);
    const high = anomalous({ deviceId: "a", timestampUs: startUs + 9 * second, score: 0.79, value: 50 });
    await stores().write(batch({ readings: [high, anomalous({ deviceId: "b" })] }));
    await suffer(["a"], 0, 1);
    const [b, a] = await all();
    expect(b).toMatchObject({ deviceId: "b", anomalies: 1 });
    expect(a).toMatchObject({ anomalies: 4, version: 1, lastUs: startUs + 9 * second });
    expect(a?.peak.value).toBe(50);
    expect(await happenedTo(a?.id ?? 0)).toEqual(["1 raised platform"]);
  });

  test("two thousand anomalies of one sensor, by many writers at once, make one open alarm that was raised once", async () => {
    const [writers, batches, each] = engine.name === "PGlite" ? [1, 10, 200] : [8, 25, 10];
    const { readings } = stores();
    const raise = async (shard: number) => {
      const pen = await readings.claimShard(shard, streamId);
      for (let at = 0; at < batches; at += 1) {
        const first = (shard * batches + at) * each;
        const anomalies = Array.from({ length: each }, (_, place) =>
          anomalous({ deviceId: "a", timestampUs: startUs + (first + place) * second }),
        );
        await pen?.write(batch({ readings: anomalies }));
      }
      await pen?.release();
    };
    await Promise.all(Array.from({ length: writers }, (_, shard) => raise(shard)));
    const alarm = await only();
    expect(alarm).toMatchObject({ state: "raised", version: 1, anomalies: 2000 });
    expect(await happenedTo(alarm.id)).toEqual(["1 raised platform"]);
  });

  test("an alarm clears when it was quiet for long enough, once, and the next anomaly raises another", async () => {
    await suffer(["a", "b"]);
    expect(await store().settle(longMs)).toBe(0);
    await age(3700);
    await suffer(["b"], 1);
    const cleared = await Promise.all([store().settle(longMs), store().settle(longMs)]);
    expect(cleared.reduce((sum, count) => sum + count)).toBe(1);
    await suffer(["a"], 1);
    const states = (await all()).map(({ deviceId, state, version }) => `${deviceId} ${state} ${version}`);
    expect(states.sort()).toEqual(["a cleared 2", "a raised 1", "b raised 1"]);
    const [gone] = await store().list({ group: "cleared", limit: 1 });
    expect(gone?.clearedUs).toBeGreaterThan(0);
    expect(await happenedTo(gone?.id ?? 0)).toEqual(["1 raised platform", "2 cleared platform"]);
  });

  test("operators change what they have looked at, on record; an older version is refused", async () => {
    await suffer(["a"]);
    const { id } = await only();
    expect(await wish([id, 1], { kind: "acknowledge" }, "on my way")).toMatchObject({
      kind: "changed",
      alarm: { state: "acknowledged", version: 2, acknowledgedBy: "operator:ada" },
    });
    expect(await wish([id, 1], { kind: "clear" })).toMatchObject({ kind: "stale", alarm: { version: 2 } });
    expect(await wish([id, 2], { kind: "acknowledge" })).toMatchObject({ kind: "impossible" });
    expect(await wish([id, 2], { kind: "assign", assignee: "bo" })).toMatchObject({
      alarm: { assignee: "bo" },
    });
    expect(await wish([id, 3], { kind: "clear" })).toMatchObject({ alarm: { state: "cleared", version: 4 } });
    expect(await wish([id, 4], { kind: "assign", assignee: null })).toMatchObject({ kind: "impossible" });
    expect(await wish([id, 4], { kind: "comment" }, "it was the fan")).toMatchObject({ kind: "changed" });
    expect(await wish([id + 1, 1], { kind: "clear" })).toEqual({ kind: "unknown" });
    expect((await store().find(id))?.events).toMatchObject([
      { version: 1, change: "raised", from: null, to: "raised", comment: null },
      { version: 2, change: "acknowledged", from: "raised", to: "acknowledged", comment: "on my way" },
      { version: 3, change: "assigned", from: "acknowledged", to: "acknowledged" },
      { version: 4, change: "cleared", from: "acknowledged", to: "cleared" },
      { version: 5, change: "commented", from: "cleared", to: "cleared", comment: "it was the fan" },
    ]);
    const audited = await stores().audit.list({ target: "a", limit: 10 });
    const actions = ["alarm.comment", "alarm.clear", "alarm.assign", "alarm.acknowledge"];
    expect(audited.map(({ action }) => action)).toEqual(actions);
    expect(audited.at(-1)).toMatchObject({
      by: "operator:ada",
      before: { id, state: "raised", version: 1 },
      after: { id, state: "acknowledged", version: 2, comment: "on my way" },
    });
  });

  test("operators say whether it was one, as often as they like, also when it is over, on record", async () => {
    await suffer(["a"]);
    const { id } = await only();
    expect((await only()).judgement).toBeNull();
    const say = (version: number, verdict: "confirmed" | "false-alarm" | null, note: string | null = null) =>
      wish([id, version], { kind: "feedback", verdict }, note);
    const judgement = {
      verdict: "false-alarm",
      by: "operator:ada",
      atUs: expect.any(Number),
      note: "sun on it",
    };
    expect(await say(1, "false-alarm", "sun on it")).toMatchObject({
      kind: "changed",
      alarm: { state: "raised", version: 2, judgement },
    });
    expect(await say(1, "confirmed")).toMatchObject({ kind: "stale" });
    await wish([id, 2], { kind: "clear" });
    expect(await say(3, "confirmed")).toMatchObject({
      alarm: { state: "cleared", judgement: { note: null } },
    });
    expect(await say(4, null)).toMatchObject({ kind: "changed", alarm: { version: 5, judgement: null } });
    const events = (await store().find(id))?.events.slice(1);
    expect(events?.map(({ change, verdict, comment }) => [change, verdict, comment])).toEqual([
      ["judged", "false-alarm", "sun on it"],
      ["cleared", null, null],
      ["judged", "confirmed", null],
      ["judged", null, null],
    ]);
    const told = (await announced()).map(({ change, verdict }) => `${change} ${verdict}`);
    expect(told).toEqual([
      "raised null",
      "judged false-alarm",
      "cleared null",
      "judged confirmed",
      "judged null",
    ]);
    const audited = await stores().audit.list({ target: "a", limit: 10 });
    expect(audited.filter(({ action }) => action === "alarm.feedback")).toMatchObject([
      { before: { verdict: "confirmed" }, after: { verdict: null } },
      { before: { verdict: "false-alarm" }, after: { verdict: "confirmed" } },
      { before: { verdict: null }, after: { verdict: "false-alarm", comment: "sun on it" } },
    ]);
  });

  test("an alarm shows why its worst reading was found unusual", async () => {
    const shares = (channel: "jump" | "level") => [{ channel, share: 0.75 }];
    const explained = (second: number, score: number, channel: "jump" | "level") =>
      anomalous({
        ...{ deviceId: "a", timestampUs: startUs + second, score },
        explanation: { sentence: "", expected: null, shares: shares(channel) },
      });
    await stores().write(batch({ readings: [explained(0, 0.6, "level"), explained(1, 0.9, "jump")] }));
    expect((await only()).peak.shares).toEqual({ jump: 0.75 });
  });

  test("of many who saw the same version one is heard", async () => {
    await suffer(["a"]);
    const { id } = await only();
    const tries = Array.from({ length: 10 }, () => wish([id, 1], { kind: "acknowledge" }));
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "changed")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "stale")).toHaveLength(9);
  });

  test("a shelved alarm takes in what comes, says nothing and is not listed as open until its time is over", async () => {
    await suffer(["a", "b"]);
    for (const { id } of await all()) await wish([id, 1], { kind: "shelve", seconds: 60 });
    await announced();
    const open = () => store().list({ group: "open", limit: 10 });
    expect(await open()).toEqual([]);
    expect(await store().list({ group: "shelved", limit: 10 })).toHaveLength(2);
    // However quiet, or loud.
    expect(await store().settle(0)).toBe(0);
    await suffer(["a"], 1);
    expect(await announced()).toEqual([]);
    await age(61);
    await suffer(["a"], 2);
    expect(await store().settle(30_000)).toBe(2);
    expect(await open()).toMatchObject([
      { deviceId: "a", state: "raised", anomalies: 3, shelvedUntilUs: null },
    ]);
    const said = (await announced()).map(({ deviceId, change }) => `${deviceId} ${change}`);
    expect(said.sort()).toEqual(["a unshelved", "b cleared"]);
  });

  test("the list goes in pages, newest first, by state and by device", async () => {
    await suffer(["a", "b", "c"]);
    const [c, b, a] = await all();
    expect([c, b, a].map((alarm) => alarm?.deviceId)).toEqual(["c", "b", "a"]);
    await wish([b?.id ?? 0, 1], { kind: "acknowledge" });
    const ids = async (query: object) => (await store().list({ limit: 10, ...query })).map(({ id }) => id);
    expect(await ids({ limit: 2 })).toEqual([c?.id, b?.id]);
    expect(await ids({ after: b?.id })).toEqual([a?.id]);
    expect(await ids({ group: "raised" })).toEqual([c?.id, a?.id]);
    expect(await ids({ group: "open", deviceId: "b" })).toEqual([b?.id]);
    expect(await ids({ group: "cleared" })).toEqual([]);
  });

  test("what happened is announced in order, and again only when it could not be said", async () => {
    await suffer(["a"]);
    const { id } = await only();
    await wish([id, 1], { kind: "acknowledge" }, "seen");
    const failing = store().announce(() => Promise.reject(new Error("Redis is away")));
    await expect(failing).rejects.toThrow("Redis is away");
    const said = await announced();
    expect(said).toMatchObject([
      {
        kind: "alarm",
        deviceId: "a",
        change: "raised",
        from: null,
        by: "platform",
        alarm: { id, version: 1 },
      },
      {
        change: "acknowledged",
        from: "raised",
        comment: "seen",
        alarm: { id, version: 2, state: "acknowledged" },
      },
    ]);
    expect(said[0]?.alarm.state).toBe("raised");
    expect(await announced()).toEqual([]);
  });

  test("a batch that is not committed raises nothing", async () => {
    const db = stores().database.db;
    await sql`ALTER TABLE alarm_events ADD CONSTRAINT refuse CHECK (version > 1) NOT VALID`.execute(db);
    await suffer(["a"]).catch(() => undefined);
    await sql`ALTER TABLE alarm_events DROP CONSTRAINT refuse`.execute(db);
    expect(await all()).toEqual([]);
    await suffer(["a"]);
    expect(await only()).toMatchObject({ anomalies: 1 });
  });
});
