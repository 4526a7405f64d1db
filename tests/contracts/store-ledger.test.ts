import { sql } from "kysely";
import { expect, test } from "vitest";
import { openLedgerStore } from "../../platform/readings/ledger-store.ts";
import type { ShardTally } from "../../schema/ledger.ts";
import { engines, onEach, servers, streamId } from "./databases.ts";
import { batch, rejection, scored, series } from "./samples.ts";

onEach(engines, "the ledger", (stores) => {
  const ledger = () => openLedgerStore(stores().database);
  const tally = (over: Partial<ShardTally>): ShardTally => {
    return {
      shard: 0,
      streamId,
      server: "run 1",
      received: 0,
      promised: over.received ?? 0,
      settled: 0,
      entries: 0,
      ...over,
    };
  };

  test("has what became of every reading, by shard and by device", async () => {
    const rejections = [rejection({ deviceId: "a" }), rejection({ deviceId: null })];
    await stores().write(batch({ readings: [...series("a", 5), ...series("b", 2)], rejections }));
    await stores().write(batch({ readings: [...series("a", 6), scored({ deviceId: "a" })] }));
    await stores().write(batch({ readings: series("c", 1) }), 1);
    const accounts = await ledger().accounts();
    expect(accounts.toSorted((a, b) => a.shard - b.shard)).toMatchObject([
      { streamId, shard: 0, stored: 8, duplicate: 6, rejected: 2 },
      { streamId, shard: 1, stored: 1, duplicate: 0, rejected: 0 },
    ]);
    const byDevice = [
      { deviceId: "", stored: 0, duplicate: 0, rejected: 1 },
      { deviceId: "a", stored: 6, duplicate: 6, rejected: 1 },
      { deviceId: "b", stored: 2, duplicate: 0, rejected: 0 },
      { deviceId: "c", stored: 1, duplicate: 0, rejected: 0 },
    ];
    expect(await ledger().device("a")).toEqual(byDevice[1]);
    expect(await ledger().devices({ after: "", limit: 2 })).toEqual(byDevice.slice(1, 3));
    expect(await ledger().fold()).toEqual({ batches: 3, isDone: true });
    expect(await ledger().fold()).toEqual({ batches: 0, isDone: true });
    expect(await ledger().device("a")).toEqual(byDevice[1]);
    expect(await ledger().device("nobody")).toBeNull();
    const { rows } = await sql`SELECT device_id AS "deviceId", stored, duplicate, rejected FROM device_ledger
      ORDER BY device_id`.execute(stores().database.db);
    expect(rows).toEqual(byDevice);
    expect(await ledger().devices({ after: "", limit: 2 })).toEqual(byDevice.slice(1, 3));
    expect(await ledger().devices({ after: "b", limit: 2 })).toEqual(byDevice.slice(3));
  });

  test("does not count what something else than a broker put into the stream", async () => {
    await stores().write(batch({ rejections: [rejection({ code: "FRAME_UNREADABLE" })] }));
    expect(await ledger().accounts()).toMatchObject([{ rejected: 0 }]);
  });

  test("is the same whether a reading is refused by the database or at the door", async () => {
    const spoilt = scored({ deviceId: "a", timestampUs: 0.5 });
    await stores().write(batch({ readings: [...series("a", 2), spoilt] }));
    expect(await ledger().accounts()).toMatchObject([{ stored: 2, duplicate: 0, rejected: 1 }]);
  });

  test("tells the devices whose rows are not as many as it says", async () => {
    await stores().write(batch({ readings: ["a", "b", "c", "d"].flatMap((id) => series(id, 3)) }));
    await ledger().fold();
    await stores().write(batch({ readings: series("b", 4) }));
    expect(await ledger().compare({ after: "", limit: 10 })).toEqual({
      compared: 4,
      last: "",
      differing: [],
    });
    await sql`DELETE FROM readings WHERE device_id = 'c' AND value = 0`.execute(stores().database.db);
    expect(await ledger().compare({ after: "", limit: 2 })).toEqual({
      compared: 2,
      last: "b",
      differing: [],
    });
    expect(await ledger().compare({ after: "b", limit: 2 })).toEqual({
      compared: 2,
      last: "d",
      differing: [{ deviceId: "c", stored: 3, rows: 2 }],
    });
  });

  test("remembers the most a stream was seen to have promised", async () => {
    await stores().write(batch({ readings: series("a", 3) }));
    await ledger().look(() => Promise.resolve([tally({ received: 10 })]));
    const look = await ledger().look(() => Promise.resolve([tally({ server: "run 2", received: 8 })]));
    expect(look?.before).toMatchObject([{ observed: 10, setback: 0 }]);
    expect(look?.after).toMatchObject([{ observed: 10, setback: 2 }]);
  });
});

onEach(servers, "the ledger of several processors", (stores) => {
  test("is looked at by one of them at a time", async () => {
    const ledger = openLedgerStore(stores().database);
    const second = await new Promise((resolve, reject) => {
      ledger
        .look(async () => {
          resolve(await ledger.look(() => Promise.resolve([])));
          return [];
        })
        .catch(reject);
    });
    expect(second).toBeNull();
  });

  test("is added up by all of them without counting a batch twice", async () => {
    const ledger = openLedgerStore(stores().database);
    for (let round = 0; round < 20; round += 1)
      await stores().write(batch({ readings: series(`d${round % 3}`, 5) }));
    const folded = await Promise.all([1, 2, 3, 4].map(() => ledger.fold()));
    expect(folded.reduce((sum, { batches }) => sum + batches, 0)).toBe(20);
    expect(await ledger.device("d0")).toEqual({ deviceId: "d0", stored: 5, duplicate: 30, rejected: 0 });
  });
});
