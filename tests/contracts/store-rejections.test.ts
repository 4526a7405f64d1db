import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { type Rejection, toRejection } from "../../schema/rejection.ts";
import { engines, onEach } from "./databases.ts";
import { nowUs, rejection, startUs } from "./samples.ts";

const dayUs = 86_400_000_000;

const discard = { action: "rejected.discard", by: "operator:ada" } as const;

const idsOf = (rejections: readonly Rejection[]) => rejections.map(({ id }) => id);

onEach(engines, "the store of rejections", (stores) => {
  const store = () => stores().rejections;

  /** Oldest first: two of one code at the same microsecond, then one of another code and device. */
  async function fill(): Promise<readonly [Rejection, Rejection, Rejection]> {
    const [low, high] = [rejection(), rejection()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const late = rejection({ code: "PAYLOAD_EMPTY", deviceId: "oven", receivedUs: startUs + 1 });
    if (low === undefined || high === undefined) throw new Error("two of two");
    await store().keep([late, high, low]);
    return [low, high, late];
  }

  test("gives them as they were kept, the newest first", async () => {
    const [low, high, late] = await fill();
    expect(await store().list({ limit: 10 })).toEqual([late, high, low]);
    expect(await store().list({ limit: 2 })).toEqual([late, high]);
  });

  test("pages through them, also within a microsecond, and nothing comes twice when more arrive", async () => {
    const [low, high, late] = await fill();
    await store().keep([rejection({ receivedUs: startUs + 5 })]);
    expect(await store().list({ before: late, limit: 1 })).toEqual([high]);
    expect(await store().list({ before: high, limit: 10 })).toEqual([low]);
    expect(await store().list({ before: low, limit: 10 })).toEqual([]);
    expect(await store().oldest({ limit: 2 })).toEqual([low, high]);
    expect(await store().oldest({ after: low, limit: 2 })).toEqual([high, late]);
  });

  test("chooses by code, by device and by the moment of arrival", async () => {
    const [low, high, late] = await fill();
    const unknown = rejection({ code: "PAYLOAD_EMPTY", deviceId: null, receivedUs: startUs + 2 });
    await store().keep([unknown]);
    expect(await store().list({ code: "PAYLOAD_EMPTY", limit: 10 })).toEqual([unknown, late]);
    expect(await store().list({ deviceId: "büro 3", limit: 10 })).toEqual([high, low]);
    expect(await store().oldest({ code: "PAYLOAD_EMPTY", deviceId: "oven", limit: 10 })).toEqual([late]);
    expect(await store().list({ untilUs: startUs, limit: 10 })).toEqual([high, low]);
    expect(await store().list({ code: "PAYLOAD_EMPTY", untilUs: startUs, limit: 10 })).toEqual([]);
  });

  test("counts them by code", async () => {
    expect(await store().summary({})).toEqual([]);
    await fill();
    expect(await store().summary({})).toEqual([
      { code: "PAYLOAD_EMPTY", count: 1 },
      { code: "PAYLOAD_NOT_JSON", count: 2 },
    ]);
    expect(await store().summary({ deviceId: "oven" })).toEqual([{ code: "PAYLOAD_EMPTY", count: 1 }]);
  });

  test("finds and removes by id and passes over ids it does not have", async () => {
    const [low, high, late] = await fill();
    const ids = [late.id, randomUUID(), low.id, low.id];
    expect(await store().find(ids)).toEqual([low, late]);
    expect(await store().remove(ids, discard)).toBe(2);
    expect(await store().remove(ids, discard)).toBe(0);
    expect(await store().find(ids)).toEqual([]);
    expect(await store().list({ limit: 10 })).toEqual([high]);
    expect([await store().find([]), await store().remove([], discard)]).toEqual([[], 0]);
  });

  test("removes the oldest of a group, at most as many as it is told", async () => {
    const [low, high, late] = await fill();
    expect(await store().discardOldest({ code: "PAYLOAD_NOT_JSON", limit: 1 }, "operator:ada")).toBe(1);
    expect(idsOf(await store().list({ limit: 10 }))).toEqual([late.id, high.id]);
    expect(await store().discardOldest({ untilUs: low.receivedUs, limit: 10 }, "operator:ada")).toBe(1);
    expect(await store().discardOldest({ deviceId: "nobody", limit: 10 }, "operator:ada")).toBe(0);
    expect(idsOf(await store().list({ limit: 10 }))).toEqual([late.id]);
  });

  test("records who removed which, and nothing when none was there", async () => {
    const [low, high, late] = await fill();
    await store().remove([high.id], { action: "rejected.replay", by: "token:ci" });
    await store().discardOldest({ code: "PAYLOAD_NOT_JSON", limit: 5 }, "operator:ada");
    await store().remove([low.id], discard);
    await store().discardOldest({ deviceId: "nobody", limit: 5 }, "operator:ada");
    expect(await stores().audit.list({ target: "rejected", limit: 10 })).toMatchObject([
      { by: "operator:ada", action: "rejected.discard", before: { code: "PAYLOAD_NOT_JSON", count: 1 } },
      { by: "token:ci", action: "rejected.replay", before: { ids: [high.id] }, after: null },
    ]);
    expect(await store().list({ limit: 10 })).toEqual([late]);
  });

  test("keeps one once, as it was first", async () => {
    const first = rejection();
    await store().keep([first, first]);
    await store().keep([{ ...first, reason: "another" }]);
    await store().keep([]);
    expect(await store().list({ limit: 10 })).toEqual([first]);
  });

  test("keeps what says that it is larger than a number of the database", async () => {
    const refusal = { code: "PAYLOAD_TOO_LARGE", reason: "too large" } as const;
    const { id, source, receivedUs } = rejection();
    const payload = Buffer.alloc(0);
    await store().keep([
      toRejection(refusal, { id, deviceId: null, source, payload, payloadBytes: 3e9, receivedUs }),
    ]);
    expect(await store().list({ limit: 1 })).toMatchObject([{ id, payloadBytes: 2 ** 31 - 1 }]);
  });

  test("forgets what is old", async () => {
    const [young, old] = [rejection({ receivedUs: nowUs() }), rejection({ receivedUs: nowUs() - 8 * dayUs })];
    await store().keep([young, old]);
    expect(await store().forgetOlderThan(7)).toBe(1);
    expect(await store().forgetOlderThan(7)).toBe(0);
    expect(await store().list({ limit: 10 })).toEqual([young]);
  });
});
