import { expect, test } from "vitest";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { toAnomalyEvent } from "../../schema/event.ts";
import { engines, onEach, openAt, servers, streamId } from "./databases.ts";
import { subjectOf } from "./event-samples.ts";
import { anomalous, batch, scored, series, startUs } from "./samples.ts";

const positions = { origin: { last: 7, missing: [3], heardUs: startUs } };
const key = { deviceId: "press-01", sensorType: "temperature" };

onEach(engines, "the record of a shard", (stores) => {
  const claim = async (shard = 0) => {
    const pen = await stores().readings.claimShard(shard, streamId);
    if (pen === null) throw new Error("the shard is taken");
    return pen;
  };

  test("is empty for the first owner", async () => {
    const pen = await claim();
    expect(pen.custody).toEqual({ positions: {}, unsaid: null });
    await pen.release();
  });

  test("tells the next owner which frames are accounted for and what the last batch had to say", async () => {
    const first = await claim();
    const anomaly = anomalous();
    const written = await first.write(batch({ readings: [anomaly, scored({ deviceId: "b" })], positions }));
    await first.release();
    const second = await claim();
    expect(second.custody.positions).toEqual(positions);
    expect(second.custody.unsaid?.receipt).toEqual(written.receipt);
    const events = second.custody.unsaid?.events ?? [];
    expect(events.filter(({ kind }) => kind === "anomaly")).toEqual([toAnomalyEvent(anomaly)]);
    expect(
      events
        .filter(({ kind }) => kind === "device-active")
        .map((event) => subjectOf({ event }))
        .sort(),
    ).toEqual(["b", "press-01"]);
    await second.write(batch({ readings: [scored({ timestampUs: startUs + 1 })] }));
    await second.release();
    const third = await claim();
    expect(third.custody).toEqual({ positions: {}, unsaid: null });
    await third.release();
  });

  test("numbers batches from one owner to the next, in every shard by itself", async () => {
    const receipts = [];
    for (const shard of [0, 0, 1]) {
      receipts.push((await stores().write(batch({ readings: series("a", 1) }), shard)).receipt);
    }
    expect(receipts.map(({ shard, batch: number }) => [shard, number])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
    ]);
    expect(receipts[0]?.custody).toBe(receipts[1]?.custody);
    expect(receipts[0]?.custody).not.toBe(receipts[2]?.custody);
  });
});

onEach(engines, "a detector's history", (stores) => {
  const options = { format: 1, limit: 1000 };
  const histories = (over: Partial<typeof options> = {}) =>
    stores().readings.detectorHistories([key, { ...key, deviceId: "nobody" }], { ...options, ...over });

  test("without an anchor is the newest readings that were not late, oldest first", async () => {
    const readings = series("press-01", 6).map((one, place) => ({
      ...one,
      isLate: place === 2,
      value: place + 0.1,
    }));
    await stores().write(batch({ readings: readings.toReversed() }));
    const [history, ...others] = await histories({ limit: 4 });
    expect(others).toEqual([]);
    expect(history).toEqual({
      ...key,
      anchor: null,
      points: [1, 3, 4, 5].map((place) => ({
        timestampUs: readings[place]?.timestampUs,
        value: place + 0.1,
      })),
    });
  });

  test("with an anchor is the anchor and what came after it", async () => {
    const readings = series("press-01", 6);
    const anchor = {
      ...key,
      timestampUs: readings[3]?.timestampUs ?? 0,
      format: 1,
      state: Buffer.from([0, 255, 7]),
    };
    await stores().write(
      batch({ readings: readings.slice(0, 4), anchors: [{ ...anchor, state: Buffer.from([1]) }] }),
    );
    await stores().write(batch({ readings, anchors: [anchor] }));
    const [history] = await histories();
    expect(history?.anchor).toEqual(anchor);
    expect(history?.points.map(({ value }) => value)).toEqual([4, 5]);
    const [other] = await histories({ format: 2 });
    expect(other?.anchor).toBeNull();
    expect(other?.points).toHaveLength(6);
  });

  test("keeps every bit of a value", async () => {
    const values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -273.15, 2 ** 53, 1 / 3];
    const readings = values.map((value, place) => scored({ value, timestampUs: startUs + place }));
    await stores().write(batch({ readings }));
    expect((await histories())[0]?.points.map(({ value }) => value)).toEqual(values);
  });
});

onEach(servers, "a seat among the processors", (stores) => {
  test("is counted while it is held, and so are the shards that are owned", async () => {
    const other = await openAt(stores().place);
    const [here, there] = [stores().readings, openReadingStore(other)];
    const seats = [await here.takeSeat(), await there.takeSeat()];
    const pen = await there.claimShard(5, streamId);
    expect(await seats[0]?.census()).toEqual({ processors: 2, taken: new Set([5]) });
    expect(await here.census()).toEqual({ processors: 2, taken: new Set([5]) });
    await seats[1]?.leave();
    await pen?.release();
    expect(await seats[0]?.census()).toEqual({ processors: 1, taken: new Set() });
    await seats[0]?.leave();
    await other.close();
  });
});
