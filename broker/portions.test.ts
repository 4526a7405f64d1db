import { expect, test } from "vitest";
import { inPortions } from "./portions.ts";

async function* count(until: number): AsyncGenerator<number> {
  for (let one = 0; one < until; one += 1) yield one;
}

test("everything comes in order, and others have their turn meanwhile", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const given: number[] = [];
  for await (const one of inPortions(count(320))) given.push(one);
  isOver = true;
  expect(given).toEqual(Array.from({ length: 320 }, (_, one) => one));
  expect(turns).toBeGreaterThanOrEqual(9);
});
