import { pino } from "pino";
import { beforeEach, expect, test, vi } from "vitest";
import { PlatformError } from "../platform/errors.ts";
import { LimitNotices } from "../platform/limit-notices.ts";
import { openMetrics } from "../platform/telemetry.ts";
import type { Rejection } from "../schema/rejection.ts";
import { RejectionKeeper } from "./rejection-keeper.ts";

/** A store that answers when told to, and refuses what is called "poison". */
let writes: string[][];
let answer: ((failure?: Error) => void)[];
let isAnswering: boolean;
let keeper: RejectionKeeper;

beforeEach(() => {
  writes = [];
  answer = [];
  isAnswering = true;
  const log = pino({ level: "silent" });
  const keep = async (rejections: readonly Rejection[]): Promise<void> => {
    const names = rejections.map(({ payload }) => payload);
    writes.push(names);
    if (names.includes("poison"))
      throw new PlatformError("STORE_REFUSED", "out of range", { retryable: false });
    if (isAnswering) return;
    await new Promise<void>((resolve, reject) => {
      answer.push((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
  };
  const notices = new LimitNotices({ log, metrics: openMetrics() });
  keeper = new RejectionKeeper({ rejections: { keep }, notices, log });
});

const rejection = (payload: string): Rejection => ({
  ...{ id: payload, code: "PAYLOAD_NOT_JSON", reason: "not JSON", deviceId: null, source: "POST /data" },
  ...{ payload, payloadBytes: 1, receivedUs: 0 },
});

test("what comes within a moment is one write, and nobody is answered before it", async () => {
  isAnswering = false;
  let answered = 0;
  const kept = Array.from({ length: 200 }, (_, place) =>
    keeper.keep(rejection(`${place}`)).then(() => {
      answered += 1;
    }),
  );
  await vi.waitFor(() => expect(answer).toHaveLength(1));
  const later = keeper.keep(rejection("later"));
  expect([writes.map((write) => write.length), answered]).toEqual([[200], 0]);
  answer[0]?.();
  await Promise.all(kept);
  await vi.waitFor(() => expect(answer).toHaveLength(2));
  answer[1]?.();
  await later;
  expect(writes.map((write) => write.length)).toEqual([200, 1]);
});

test("what cannot be kept is answered all the same, once that is known", async () => {
  isAnswering = false;
  const kept = keeper.keep(rejection("a"));
  await vi.waitFor(() => expect(answer).toHaveLength(1));
  answer[0]?.(new PlatformError("STORE_DOWN", "away", { retryable: true }));
  await kept;
  expect(writes).toEqual([["a"]]);
});

test("one that the store refuses takes no other with it", async () => {
  await Promise.all(["a", "b", "poison", "c"].map((payload) => keeper.keep(rejection(payload))));
  const keptOnes = writes.filter((names) => !names.includes("poison")).flat();
  expect(keptOnes.toSorted()).toEqual(["a", "b", "c"]);
});

test("beyond a thousand that wait, the next is told to come again", async () => {
  isAnswering = false;
  const kept = Array.from({ length: 1000 }, (_, place) => keeper.keep(rejection(`${place}`)));
  await expect(keeper.keep(rejection("late"))).rejects.toMatchObject({
    code: "GATEWAY_BUSY",
    retryable: true,
  });
  await vi.waitFor(() => expect(answer).toHaveLength(1));
  answer[0]?.();
  await Promise.all(kept);
  isAnswering = true;
  await keeper.keep(rejection("late"));
  expect(writes.map((write) => write.length)).toEqual([1000, 1]);
});
