import { expect, test } from "vitest";
import type { ExpectedBand } from "../../platform/readings/shard-batch.ts";
import { engines, onEach } from "./databases.ts";
import { batch, nowUs, scored, series } from "./samples.ts";

const minuteUs = 60e6;
const hourUs = 60 * minuteUs;
const dayUs = 24 * hourUs;
const beginUs = Date.UTC(2026, 0, 1) * 1000 + 123_456;

/** A band a minute; the lower end is the place. */
function bands(count: number, { deviceId = "a", fromUs = beginUs } = {}): ExpectedBand[] {
  return Array.from({ length: count }, (_, place) => ({
    ...{ deviceId, sensorType: "temperature", timestampUs: fromUs + place * minuteUs },
    ...{ low: place, high: place + 0.5 },
  }));
}

const told = (kept: readonly ExpectedBand[]) =>
  kept.map(({ timestampUs, low, high }) => [timestampUs, low, high]);

onEach(engines, "what is usual", (stores) => {
  async function expectedOf(range: { fromUs: number; toUs: number; points: number }, deviceIds = ["a"]) {
    const answer = await stores().history.history({ deviceIds, sensorTypes: ["temperature"], ...range });
    return answer.map(({ expected }) => expected);
  }

  async function write(kept: readonly ExpectedBand[]): Promise<void> {
    const readings = kept.map(({ deviceId, timestampUs }) => scored({ deviceId, timestampUs }));
    await stores().write(batch({ readings, bands: kept }));
  }

  test("is told to the microsecond, from the band in force at the beginning on", async () => {
    const kept = bands(10);
    await write(kept);
    const range = { fromUs: beginUs + 2.5 * minuteUs, toUs: beginUs + 6 * minuteUs, points: 100 };
    expect(await expectedOf(range)).toEqual([told(kept.slice(2, 6))]);
    expect(await expectedOf({ ...range, fromUs: beginUs + 2 * minuteUs })).toEqual([told(kept.slice(2, 6))]);
    expect(await expectedOf({ ...range, fromUs: beginUs - hourUs })).toEqual([told(kept.slice(0, 6))]);
  });

  test("is none of a series that has none, or whose last is long ago", async () => {
    await write(bands(2));
    await write(bands(1, { deviceId: "b", fromUs: beginUs - 3 * dayUs }));
    const range = { fromUs: beginUs + minuteUs / 2, toUs: beginUs + hourUs, points: 100 };
    const [a, b, nobody] = await expectedOf(range, ["a", "b", "nobody"]);
    expect(a).toHaveLength(2);
    expect([b, nobody]).toEqual([[], []]);
  });

  test("is thinned to the wanted points, evenly, and each is one that was kept", async () => {
    const kept = bands(600);
    await write(kept);
    const range = { fromUs: beginUs + minuteUs / 2, toUs: beginUs + 600 * minuteUs, points: 20 };
    const [thinned = []] = await expectedOf(range);
    expect(thinned.length).toBeLessThanOrEqual(20);
    expect(thinned.length).toBeGreaterThan(15);
    expect(thinned[0]).toEqual(told(kept)[0]);
    const times = thinned.map(([at]) => at);
    const gaps = times.slice(2).map((at, place) => at - (times[place + 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(33 * minuteUs);
    expect(told(kept)).toEqual(expect.arrayContaining(thinned));
  });

  test("comes twice and is kept once, as it was; and a batch may bring none", async () => {
    const [first, ...more] = bands(3);
    if (first === undefined) throw new Error("there is no band");
    await write([first]);
    await stores().write(batch({ readings: series("a", 2) }));
    await write([{ ...first, low: -1 }, ...more]);
    const range = { fromUs: beginUs, toUs: beginUs + hourUs, points: 100 };
    expect(await expectedOf(range)).toEqual([told([first, ...more])]);
  });

  test("does not stand in the way of readings that the database will never have", async () => {
    const kept = bands(3);
    const [good, bad] = [scored({ deviceId: "a" }), scored({ deviceId: "b", sensorType: "a\u0000b" })];
    const ofBad = { deviceId: "b", sensorType: "a\u0000b", timestampUs: beginUs, low: 1, high: 2 };
    const written = await stores().write(batch({ readings: [good, bad], bands: [...kept, ofBad] }));
    expect(written).toMatchObject({ inserted: 1, refused: [bad] });
    const range = { fromUs: beginUs, toUs: beginUs + hourUs, points: 100 };
    expect(await expectedOf(range, ["a", "b"])).toEqual([told(kept), []]);
  });

  test("is removed with the readings", async () => {
    const youngUs = Math.floor(nowUs() / hourUs) * hourUs - dayUs;
    const [old, young] = [bands(3, { fromUs: youngUs - 100 * dayUs }), bands(3, { fromUs: youngUs })];
    await write([...old, ...young]);
    const { rollups } = stores();
    for (let look = 0; look < 2; look += 1) await rollups.rollUp();
    await rollups.forget({ readingsDays: 30, minutesDays: 60, hoursDays: 0 });
    const kept = await stores().database.db.selectFrom("expected_bands").select("low").execute();
    expect(kept).toHaveLength(3);
    await rollups.forget({ readingsDays: 0, minutesDays: 0, hoursDays: 0 });
    expect(await expectedOf({ fromUs: youngUs, toUs: youngUs + hourUs, points: 100 })).toEqual([told(young)]);
  });
});
