import { expect, test } from "vitest";
import { Sampled } from "./sampled.ts";

function at(tookUs: number) {
  let nowUs = 1e15;
  let looks = 0;
  const sampled = new Sampled(
    async () => {
      nowUs += tookUs;
      looks += 1;
      return looks;
    },
    () => nowUs,
  );
  const wait = (us: number): void => {
    nowUs += us;
  };
  return { sampled, wait };
}

test("many who ask at once share one look", async () => {
  const { sampled } = at(1000);
  const taken = await Promise.all([sampled.take(), sampled.take(), sampled.take()]);
  expect(taken.map(({ newest }) => newest.value)).toEqual([1, 1, 1]);
  expect(taken[0]?.older).toBeUndefined();
});

test("a look is fresh for a second, and for ten times as long as it took", async () => {
  const quick = at(1000);
  await quick.sampled.take();
  quick.wait(999_999);
  expect((await quick.sampled.take()).newest.value).toBe(1);
  quick.wait(1);
  expect((await quick.sampled.take()).newest.value).toBe(2);
  const slow = at(500_000);
  await slow.sampled.take();
  slow.wait(4_900_000);
  expect((await slow.sampled.take()).newest.value).toBe(1);
  slow.wait(100_000);
  expect((await slow.sampled.take()).newest.value).toBe(2);
});

test("the older look lies as far back as it may, and there is none after a long pause", async () => {
  const { sampled, wait } = at(0);
  const ages: (number | undefined)[] = [];
  for (const us of [0, 5e6, 5e6, 5e6, 5e6, 3600e6, 5e6]) {
    wait(us);
    const { newest, older } = await sampled.take();
    ages.push(older && (newest.atUs - older.atUs) / 1e6);
  }
  expect(ages).toEqual([undefined, 5, 10, 15, 15, undefined, 5]);
});

test("a look that fails is tried again by the next who asks", async () => {
  let fails = true;
  const sampled = new Sampled(
    async () => {
      if (fails) throw new Error("away");
      return 1;
    },
    () => 1e15,
  );
  await expect(sampled.take()).rejects.toThrow("away");
  fails = false;
  expect((await sampled.take()).newest.value).toBe(1);
});
