import { sql } from "kysely";
import { expect, test } from "vitest";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, startUs } from "./samples.ts";

const limits = { devices: 10, sharePercent: 20, windowMs: 60_000 };
const longMs = 3_600_000;

onEach(engines, "alarms that nobody has seen", (stores) => {
  const store = () => stores().alarms;
  const names = (count: number) => Array.from({ length: count }, (_, number) => `d${number}`);

  const suffer = (deviceIds: readonly string[], second = 0) =>
    stores().write(
      batch({
        readings: deviceIds.map((deviceId) => anomalous({ deviceId, timestampUs: startUs + second * 1e6 })),
      }),
    );

  const wish = (id: number | undefined, version: number, kind: "acknowledge" | "clear") =>
    store().change(id ?? 0, { wish: { kind }, version, by: "operator:ada", comment: "was away" });

  /** As if nothing was heard of these for two hours, or of any; answers how many alarms cleared then. */
  async function quieten(deviceIds: readonly string[] | null = null): Promise<number> {
    await sql`UPDATE alarms SET heard_at = now() - interval '2 hours', opened_at = now() - interval '2 hours'
      WHERE ${deviceIds}::text[] IS NULL OR device_id = ANY(${deviceIds}::text[])`.execute(
      stores().database.db,
    );
    return store().settle(longMs);
  }

  async function announced(): Promise<readonly string[]> {
    if (!(await store().gather(limits))) throw new Error("another process is at it");
    const events = await store().announce(() => Promise.resolve());
    return events.map(
      ({ deviceId, change, from, alarm }) => `${deviceId || alarm.members} ${from} ${change}`,
    );
  }

  const unseen = async (query: object = {}) =>
    (await store().list({ group: "unseen", limit: 100, ...query })).map(({ deviceId }) => deviceId);

  test("what clears by itself waits to be acknowledged, once, and stays cleared; what is cleared by hand was seen", async () => {
    await suffer(["a", "b", "c", "d"]);
    const [d, c] = await store().list({ limit: 2 });
    await wish(d?.id, 1, "clear");
    await wish(c?.id, 1, "acknowledge");
    expect(await quieten()).toBe(3);
    await announced();
    expect(await unseen()).toEqual(["b", "a"]);
    expect(await unseen({ limit: 1 })).toEqual(["b"]);
    expect(await unseen({ deviceId: "a" })).toEqual(["a"]);
    const [b, a] = await store().list({ group: "unseen", limit: 2 });
    expect(await unseen({ after: b?.id })).toEqual(["a"]);

    expect(await wish(a?.id, 1, "acknowledge")).toMatchObject({ kind: "stale" });
    expect(await wish(a?.id, 2, "acknowledge")).toMatchObject({
      kind: "changed",
      alarm: { state: "cleared", version: 3, acknowledgedBy: "operator:ada", clearedUs: a?.clearedUs },
    });
    expect(await wish(a?.id, 3, "acknowledge")).toMatchObject({ kind: "impossible" });
    expect(await unseen()).toEqual(["b"]);
    expect(await announced()).toEqual(["a cleared acknowledged"]);
    expect((await store().find(a?.id ?? 0))?.events.at(-1)).toMatchObject({
      ...{ version: 3, change: "acknowledged", from: "cleared", to: "cleared" },
      ...{ by: "operator:ada", comment: "was away" },
    });
    expect((await store().find(d?.id ?? 0))?.alarm).toMatchObject({
      ...{ state: "cleared", version: 2, acknowledgedBy: "operator:ada" },
    });
    expect((await stores().audit.list({ target: "a", limit: 1 }))[0]).toMatchObject({
      action: "alarm.acknowledge",
      before: { state: "cleared", version: 2 },
      after: { id: a?.id, state: "cleared", version: 3, comment: "was away" },
    });
  });

  test("what a rule or a silence has raised waits as well when that is over", async () => {
    const what = { sensorType: "", rule: "silent", atUs: startUs, score: 0.7, value: null, expected: null };
    await store().raise([{ ...what, deviceId: "a", sentence: "Silent.", holds: true }]);
    expect(await store().settleRule("silent", [{ deviceId: "a", sensorType: "" }])).toBe(1);
    expect(await unseen()).toEqual(["a"]);
    expect(await store().forgetCleared(1)).toBe(0);
    await sql`UPDATE alarms SET cleared_at = now() - interval '25 hours'`.execute(stores().database.db);
    expect(await store().forgetCleared(1)).toBe(1);
    expect(await unseen()).toEqual([]);
  });

  test("whoever acknowledges or clears a storm has seen its members that were over, too", async () => {
    const standing = async (id: number | undefined) => {
      const members = await store().list({ of: id, limit: 100 });
      return [...new Set(members.map(({ state, acknowledgedBy: by }) => `${state} ${by}`))].sort();
    };
    const storm = async () => (await store().list({ group: "open", isFolded: true, limit: 1 }))[0]?.id;
    await suffer(names(12));
    expect(await announced()).toEqual(["12 null raised"]);
    const first = await storm();
    expect(await quieten(["d0", "d1"])).toBe(2);
    expect(await standing(first)).toEqual(["cleared null", "raised null"]);
    expect(await unseen({ isFolded: true })).toEqual([]);
    await wish(first, 1, "acknowledge");
    expect(await standing(first)).toEqual(["acknowledged operator:ada", "cleared operator:ada"]);
    expect(await announced()).toEqual(["12 raised acknowledged"]);
    const [member] = await store().list({ of: first, deviceId: "d0", limit: 1 });
    expect((await store().find(member?.id ?? 0))?.events.at(-1)).toMatchObject({
      ...{ version: 3, change: "acknowledged", from: "cleared", to: "cleared" },
      comment: `with alarm ${first}`,
    });
    await wish(first, 2, "clear");
    await announced();

    await suffer(names(12), 1);
    await announced();
    const second = await storm();
    expect(await quieten(["d0", "d1"])).toBe(2);
    await wish(second, 1, "clear");
    expect(await standing(second)).toEqual(["cleared operator:ada"]);
    expect(await announced()).toEqual(["12 raised cleared"]);
    expect(await unseen()).toEqual([]);
  });

  test("a storm that is over unseen is one to be acknowledged, and stands for its members", async () => {
    await suffer(names(12));
    await announced();
    expect(await quieten()).toBe(12);
    expect(await quieten()).toBe(1);
    await announced();
    expect(await unseen()).toHaveLength(13);
    const [group, ...others] = await store().list({ group: "unseen", isFolded: true, limit: 100 });
    expect(others).toEqual([]);
    expect(group).toMatchObject({ members: 12, state: "cleared", version: 2 });
    expect(await wish(group?.id, 2, "acknowledge")).toMatchObject({ kind: "changed" });
    expect(await unseen()).toEqual([]);
    expect(await announced()).toEqual(["12 cleared acknowledged"]);
  });
});
