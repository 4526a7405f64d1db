import { expect, test } from "vitest";
import { nextMessage, type Standing } from "./digest.ts";

const limit = { after: 5, withinSeconds: 600 };
const nowMs = 1_000_000_000;
const next = (over: Partial<Standing>) =>
  nextMessage(limit, {
    nowMs,
    sentRecently: 0,
    lastDigestMs: null,
    isGathering: false,
    oldestMs: nowMs,
    ...over,
  });

test("up to the limit messages go out one by one", () => {
  expect(next({ sentRecently: 4 })).toEqual({ kind: "single" });
});

test("what is beyond gathers for half a minute and goes out as a digest", () => {
  expect(next({ sentRecently: 5 })).toEqual({ kind: "wait", untilMs: nowMs + 30_000 });
  expect(next({ sentRecently: 5, oldestMs: nowMs - 30_000 })).toEqual({ kind: "digest" });
});

test("the second digest comes when the time of the limit is over, however much there is room again", () => {
  const oldestMs = nowMs - 300_000;
  expect(next({ sentRecently: 5, oldestMs, lastDigestMs: nowMs - 400_000 })).toEqual({
    kind: "wait",
    untilMs: nowMs + 200_000,
  });
  expect(next({ isGathering: true, oldestMs, lastDigestMs: nowMs - 600_000 })).toEqual({ kind: "digest" });
});

test("a storm of ten alarms a second for an hour is 31 messages", () => {
  let [sent, lastDigestMs]: [number[], number | null] = [[], null];
  let waiting: number[] = [];
  let isGathering = false;
  for (let ms = 0; ms < 3_600_000; ms += 100) {
    waiting.push(ms);
    const sentRecently = sent.filter((each) => each > ms - 600_000).length;
    const step = nextMessage(limit, {
      nowMs: ms,
      sentRecently,
      lastDigestMs,
      isGathering,
      oldestMs: waiting[0] ?? ms,
    });
    if (step.kind === "wait") isGathering = true;
    if (step.kind === "wait") continue;
    sent = [...sent, ms];
    if (step.kind === "single") waiting.shift();
    else [waiting, isGathering, lastDigestMs] = [[], false, ms];
  }
  expect(sent).toHaveLength(31);
});
