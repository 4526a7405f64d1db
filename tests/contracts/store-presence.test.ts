import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Presence, PresenceReason } from "../../schema/presence.ts";
import { activeDevices, engines, onEach, type Stores } from "./databases.ts";
import { batch, nowUs, series } from "./samples.ts";

const [broker, other] = [randomUUID(), randomUUID()];

const presence = (deviceId: string, reason: PresenceReason, sinceUs = nowUs()): Presence => ({
  deviceId,
  isOnline: reason === "connected" || reason === "replaced",
  sinceUs,
  reason,
});

const watching = { deadMs: 3000, mayBury: true };

onEach(engines, "the record of who is connected", (stores) => {
  const store = () => stores().presence;
  const offline = () => store().offline({ after: "", limit: 100 });

  /** The broker gave its last sign of life so long ago. */
  async function silence({ database }: Stores, id: string, seconds: number): Promise<void> {
    await sql`UPDATE brokers SET beat_at = now() - ${seconds} * interval '1 second' WHERE id = ${id}`.execute(
      database.db,
    );
  }

  test("a broker is new once, and again when it was taken for dead", async () => {
    expect(await store().beat(broker, watching)).toEqual({ isNew: true, buried: [] });
    expect(await store().beat(broker, watching)).toEqual({ isNew: false, buried: [] });
    await silence(stores(), broker, 4);
    await store().beat(other, watching);
    expect(await store().beat(broker, watching)).toEqual({ isNew: true, buried: [] });
  });

  test("lists the brokers with their devices, and which of them live", async () => {
    const [first = "", second = ""] = [broker, other].toSorted();
    for (const each of [first, second]) await store().beat(each, { ...watching, mayBury: false });
    await store().save(second, [
      presence("a", "connected"),
      presence("b", "connected"),
      presence("c", "lost"),
    ]);
    await silence(stores(), first, 60);
    expect(await store().brokers()).toEqual([
      { id: first, beatUs: expect.any(Number), isAlive: false, devices: 0 },
      { id: second, beatUs: expect.any(Number), isAlive: true, devices: 2 },
    ]);
  });

  test("keeps what a broker says last, to the microsecond", async () => {
    await store().beat(broker, watching);
    const since = nowUs();
    await store().save(broker, [presence("a", "connected", since), presence("b", "connected", since)]);
    expect([await store().isOnline("a"), await store().isOnline("c")]).toEqual([true, false]);
    await store().save(broker, [presence("a", "lost", since + 1)]);
    expect(await store().isOnline("a")).toBe(false);
    expect(await offline()).toEqual([presence("a", "lost", since + 1)]);
  });

  test("a broker that lost a device to another one does not take it offline", async () => {
    for (const each of [broker, other]) await store().beat(each, watching);
    await store().save(broker, [presence("a", "connected")]);
    await store().save(other, [presence("a", "connected")]);
    await store().save(broker, [presence("a", "lost")]);
    expect(await store().isOnline("a")).toBe(true);
    await store().save(other, [presence("a", "lost")]);
    expect(await store().isOnline("a")).toBe(false);
  });

  test("devices of a broker that died are offline, told once, and not those that are elsewhere by then", async () => {
    for (const each of [broker, other]) await store().beat(each, watching);
    await store().save(broker, [
      presence("a", "connected"),
      presence("b", "connected"),
      presence("c", "connected"),
    ]);
    await store().save(broker, [presence("c", "disconnected")]);
    await store().save(other, [presence("b", "connected")]);
    await silence(stores(), broker, 4);
    expect(await store().beat(other, { ...watching, mayBury: false })).toEqual({ isNew: false, buried: [] });
    const { buried } = await store().beat(other, watching);
    expect(buried).toMatchObject([{ deviceId: "a", isOnline: false, reason: "broker_died" }]);
    expect((await store().beat(other, watching)).buried).toEqual([]);
    expect((await offline()).map(({ deviceId, reason }) => [deviceId, reason])).toEqual([
      ["a", "broker_died"],
      ["c", "disconnected"],
    ]);
  });

  test("a broker that leaves takes its devices offline and is not looked for", async () => {
    await store().beat(broker, watching);
    await store().save(broker, [presence("a", "connected")]);
    await store().leave(broker);
    expect(await offline()).toMatchObject([{ deviceId: "a", reason: "broker_stopped" }]);
    expect((await store().beat(other, watching)).buried).toEqual([]);
  });

  test("gives those that are offline in pages, by id", async () => {
    await store().beat(broker, watching);
    await store().save(
      broker,
      ["c", "a", "b"].map((id) => presence(id, "lost")),
    );
    const [first, second] = await store().offline({ after: "", limit: 2 });
    expect([first?.deviceId, second?.deviceId]).toEqual(["a", "b"]);
    expect(await store().offline({ after: "b", limit: 2 })).toMatchObject([{ deviceId: "c" }]);
  });

  test("says of whom it knows nothing", async () => {
    await store().beat(broker, watching);
    await store().save(broker, [presence("a", "connected"), presence("b", "lost")]);
    expect(await store().unknown(["a", "b", "c", "d"])).toEqual(["c", "d"]);
    expect(await store().unknown([])).toEqual([]);
  });

  test("the list of devices says who is connected, and believes no broker that is silent", async () => {
    const { write } = stores();
    await write(batch({ readings: [...series("a", 1), ...series("b", 1), ...series("c", 1)] }));
    await store().beat(broker, watching);
    await store().save(broker, [presence("a", "connected"), presence("b", "keep_alive")]);
    const connections = async () =>
      (await activeDevices(stores(), { timeoutMs: 1e12, limit: 10 })).map(({ connection }) =>
        connection === null ? null : [connection.isOnline, connection.reason],
      );
    expect(await connections()).toEqual([[true, "connected"], [false, "keep_alive"], null]);
    await silence(stores(), broker, 11);
    expect(await connections()).toEqual([[false, "broker_died"], [false, "keep_alive"], null]);
  });

  test("is forgotten with devices that are long gone, and for those that never sent anything", async () => {
    await store().beat(broker, watching);
    const longAgo = nowUs() - 3 * 86_400e6;
    await store().save(broker, [
      presence("gone", "lost", longAgo),
      presence("young", "lost"),
      presence("here", "connected", longAgo),
    ]);
    await stores().devices.forgetInactive(2);
    expect((await offline()).map(({ deviceId }) => deviceId)).toEqual(["young"]);
    expect(await store().isOnline("here")).toBe(true);
  });
});
