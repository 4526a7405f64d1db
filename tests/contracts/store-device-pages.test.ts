import { expect, test } from "vitest";
import type { DevicePageQuery } from "../../platform/devices/device-ports.ts";
import type { DeviceOrder } from "../../schema/device-state.ts";
import type { ScoredReading } from "../../schema/scored.ts";
import { engines, onEach } from "./databases.ts";
import { batch, nowUs, scored } from "./samples.ts";

const timeoutMs = 60_000;

onEach(engines, "the list of devices", (stores) => {
  /** A device whose usual gap is `gapSeconds`, heard of `agoSeconds` ago. */
  const heard = async (
    deviceId: string,
    {
      agoSeconds = 0,
      gapSeconds = 0,
      ...over
    }: Partial<ScoredReading> & { agoSeconds?: number; gapSeconds?: number } = {},
  ): Promise<void> => {
    const reading = scored({ deviceId, ...over });
    const receivedUs = nowUs() - agoSeconds * 1e6;
    const gapUs = gapSeconds === 0 ? null : gapSeconds * 1e6;
    await stores().write(
      batch({ readings: [reading], receivedUs, heard: new Map([[reading, { heardUs: receivedUs, gapUs }]]) }),
    );
  };
  const page = (over: Partial<DevicePageQuery> = {}) =>
    stores().devices.page({ timeoutMs, sort: "name", limit: 100, ...over });
  const ids = async (over: Partial<DevicePageQuery> = {}) => (await page(over)).devices.map(({ id }) => id);
  const provision = (...deviceIds: string[]) =>
    stores().access.add(
      deviceIds.map((userName) => ({ userName, hash: null, labels: {}, rights: null })),
      "operator:ada",
    );
  const raise = (deviceId: string, score: number, rule = "silent") =>
    stores().alarms.raise([
      {
        deviceId,
        sensorType: "",
        rule,
        atUs: nowUs(),
        score,
        value: null,
        sentence: "",
        expected: null,
        holds: true,
      },
    ]);
  /** All pages of an order, one device each. */
  const walk = async (sort: DeviceOrder, over: Partial<DevicePageQuery> = {}) => {
    const seen: string[] = [];
    let after: DevicePageQuery["after"];
    do {
      const { devices, next } = await page({ ...over, sort, after, limit: 1 });
      seen.push(...devices.map(({ id }) => id));
      after = next ?? undefined;
    } while (after !== undefined);
    return seen;
  };

  test("says of each device how it is doing, by the gap that is usual for it", async () => {
    await heard("on time", { gapSeconds: 60, agoSeconds: 100 });
    await heard("late", { gapSeconds: 60, agoSeconds: 130 });
    await heard("gone", { gapSeconds: 60, agoSeconds: 310 });
    await heard("quick and gone", { gapSeconds: 0.1, agoSeconds: 12 });
    await heard("new", { agoSeconds: 50 });
    await heard("old", { agoSeconds: 70 });
    await provision("unheard", "new");
    const { devices } = await page();
    expect(devices.map(({ id, state }) => [id, state])).toEqual([
      ["gone", "offline"],
      ["late", "stale"],
      ["new", "online"],
      ["old", "offline"],
      ["on time", "online"],
      ["quick and gone", "offline"],
      ["unheard", "never-seen"],
    ]);
    for (const state of ["online", "stale", "offline", "never-seen"] as const) {
      expect(await ids({ state })).toEqual(devices.filter((one) => one.state === state).map(({ id }) => id));
    }
    expect(await ids({ state: "active" })).toEqual(["new", "quick and gone"]);
    expect((await stores().devices.overview(timeoutMs)).devices).toEqual({
      online: 2,
      stale: 1,
      offline: 3,
      "never-seen": 1,
    });
  });

  test("holds a broken connection for offline until it is heard of again, and a goodbye for no such thing", async () => {
    const broker = "00000000-0000-4000-8000-000000000001";
    await stores().presence.beat(broker, { deadMs: 10_000, mayBury: true });
    await heard("broke", { gapSeconds: 60, agoSeconds: 30 });
    await heard("came back", { gapSeconds: 60 });
    await heard("left", { gapSeconds: 60, agoSeconds: 30 });
    const sinceUs = nowUs() - 20e6;
    await stores().presence.save(broker, [
      { deviceId: "broke", isOnline: false, sinceUs, reason: "lost" },
      { deviceId: "came back", isOnline: false, sinceUs, reason: "lost" },
      { deviceId: "left", isOnline: false, sinceUs, reason: "disconnected" },
    ]);
    const { devices } = await page();
    expect(devices.map(({ id, state }) => [id, state])).toEqual([
      ["broke", "offline"],
      ["came back", "online"],
      ["left", "online"],
    ]);
  });

  test("finds by a part of the id, whatever its letters, and by a sensor", async () => {
    await heard("Press-01");
    await heard("press-02", { sensorType: "humidity" });
    await heard("50%_off");
    await provision("Press-99");
    expect(await ids({ text: "pReSS" })).toHaveLength(3);
    expect(await ids({ text: "%_" })).toEqual(["50%_off"]);
    expect(await ids({ text: "press", sensorType: "humidity" })).toEqual(["press-02"]);
    expect(await ids({ sensorType: "co2" })).toEqual([]);
  });

  test("orders by name, by who was heard of last, and by the worst alarms, page by page", async () => {
    await heard("a", { agoSeconds: 10 });
    await heard("b", { agoSeconds: 5 });
    await heard("c", { agoSeconds: 20 });
    await heard("d", { agoSeconds: 15 });
    await provision("aa", "z");
    await raise("c", 0.99);
    await raise("d", 0.99);
    await raise("d", 0.6, "rule-1");
    await raise("b", 0.6);
    expect(await walk("name")).toEqual(["a", "aa", "b", "c", "d", "z"]);
    expect(await walk("last-seen")).toEqual(["b", "a", "d", "c", "aa", "z"]);
    expect(await walk("alarms")).toEqual(["d", "c", "b", "a", "aa", "z"]);
    expect(await walk("alarms", { state: "active", text: "c" })).toEqual(["c"]);
    expect(await walk("name", { state: "never-seen" })).toEqual(["aa", "z"]);
    const { devices } = await page({ sort: "alarms", limit: 2 });
    expect(devices.map(({ alarms }) => alarms)).toEqual([
      { open: 2, severity: "critical" },
      { open: 1, severity: "critical" },
    ]);
    expect((await stores().devices.overview(timeoutMs)).alarms).toEqual({ minor: 2, major: 0, critical: 2 });
  });

  test("counts the alarms that were raised of late, also when they are over", async () => {
    await raise("a", 0.99);
    await raise("b", 0.6);
    const [alarm] = await stores().alarms.list({ deviceId: "b", isFolded: false, limit: 1 });
    const { id = 0, version = 0 } = alarm ?? {};
    await stores().alarms.change(id, { wish: { kind: "clear" }, version, by: "operator:ada", comment: null });
    expect(await stores().devices.overview(timeoutMs)).toMatchObject({
      alarms: { critical: 1, minor: 0 },
      raised: { tenMinutes: 2, hour: 2 },
    });
  });

  test("gives no device twice while devices come and go between pages", async () => {
    for (const id of ["b", "d", "f"]) await heard(id);
    const first = await page({ limit: 2 });
    await heard("a");
    await heard("e");
    const second = await page({ limit: 2, after: first.next ?? undefined });
    expect([...first.devices, ...second.devices].map(({ id }) => id)).toEqual(["b", "d", "e", "f"]);
    expect(second.next).toBeNull();
  });

  test("has every device while they move between pages by name alone, as the contract says", async () => {
    const pages = async (sort: DeviceOrder) => {
      for (const [agoSeconds, id] of ["a", "b", "c"].entries())
        await heard(id, { agoSeconds: 10 + agoSeconds });
      const first = await page({ sort, limit: 2 });
      await heard("c");
      const { devices } = await page({ sort, after: first.next ?? undefined });
      return [...first.devices, ...devices].map(({ id }) => id);
    };
    expect(await pages("last-seen")).toEqual(["a", "b"]);
    expect(await pages("name")).toEqual(["a", "b", "c"]);
  });

  test("counts the series that still learn, and the readings stored", async () => {
    await heard("a");
    await heard("a", { sensorType: "humidity" });
    expect(await stores().devices.overview(timeoutMs)).toMatchObject({
      learning: { series: 2, isAtLeast: false },
      stored: 2,
    });
  });
});
