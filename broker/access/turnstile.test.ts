import { expect, test } from "vitest";
import { Turnstile, TurnstileFull } from "./turnstile.ts";

/** Work that ends when it is told to. */
function works() {
  const ends: (() => void)[] = [];
  const entered: string[] = [];
  return {
    entered,
    work: (name: string) => () => {
      entered.push(name);
      return new Promise<string>((resolve) => ends.push(() => resolve(name)));
    },
    endOne: async () => {
      ends.shift()?.();
      await new Promise(setImmediate);
    },
  };
}

test("lets in as many at a time as it may, and every lane in its turn", async () => {
  const { work, entered, endOne } = works();
  const turnstile = new Turnstile({ atOnce: 2, room: 100 });
  const crowd = [1, 2, 3, 4, 5].map((place) => turnstile.pass("crowd", work(`crowd ${place}`)));
  const lone = turnstile.pass("lone", work("lone"));
  expect(entered).toEqual(["crowd 1", "crowd 2"]);
  await endOne();
  await endOne();
  expect(entered).toEqual(["crowd 1", "crowd 2", "crowd 3", "lone"]);
  for (let left = 0; left < 4; left += 1) await endOne();
  expect(await Promise.all([...crowd, lone])).toHaveLength(6);
});

test("goes on after work that failed", async () => {
  const turnstile = new Turnstile({ atOnce: 1, room: 100 });
  const failing = turnstile.pass("a", () => Promise.reject(new Error("no")));
  const next = turnstile.pass("a", () => Promise.resolve("yes"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

test("refuses the newest of the longest lane when there is no room left", async () => {
  const { work, endOne, entered } = works();
  const waiting: number[] = [];
  const turnstile = new Turnstile({ atOnce: 1, room: 3, onWaiting: (count) => waiting.push(count) });
  const inside = turnstile.pass("crowd", work("inside"));
  const crowd = [1, 2, 3].map((place) => turnstile.pass("crowd", work(`crowd ${place}`)));
  const last = expect(crowd[2]).rejects.toThrow(TurnstileFull);
  const lone = turnstile.pass("lone", work("lone"));
  await last;
  expect(Math.max(...waiting)).toBeLessThanOrEqual(4);
  for (let left = 0; left < 4; left += 1) await endOne();
  expect(await Promise.all([inside, crowd[0], crowd[1], lone])).toHaveLength(4);
  expect(entered).not.toContain("crowd 3");
  expect(waiting.at(-1)).toBe(0);
});
