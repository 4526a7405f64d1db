import { expect, test } from "vitest";
import { openLog } from "../platform/telemetry.ts";
import { repeat } from "./repeat.ts";

const log = openLog({ level: "silent", format: "json" });

/** What a job with so long between its turns waits for before each of its first three, the second of which fails. */
async function restsOf(ms: number, dice: number): Promise<readonly number[]> {
  const stopping = new AbortController();
  const rests: number[] = [];
  let turns = 0;
  const job = async () => {
    turns += 1;
    if (turns === 3) stopping.abort();
    if (turns === 2) throw new Error("not this time");
  };
  await repeat({ name: "job", ms, job, dice: () => dice, log, signal: stopping.signal }, async (restMs) => {
    rests.push(restMs);
  });
  expect(turns).toBe(3);
  return rests;
}

test("a job of every hour has its first turn five to ten minutes after the start, then every hour", async () => {
  expect(await restsOf(3_600_000, 0)).toEqual([300_000, 3_600_000, 3_600_000]);
  expect(await restsOf(3_600_000, 0.5)).toEqual([450_000, 3_600_000, 3_600_000]);
});

test("a job of every second has its turns every second, from the first on", async () => {
  expect(await restsOf(1000, 0.9)).toEqual([1000, 1000, 1000]);
});
