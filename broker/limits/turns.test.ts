import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { expect, test } from "vitest";
import { TurnBudget, takeTurns } from "./turns.ts";

/** A stream that takes turns, and what was read from it, as Aedes reads: all there is, again and again, whenever some has come. */
function openReader({ budget = new TurnBudget(), costMs = 0 } = {}) {
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  takeTurns(stream, budget);
  const heard: Buffer[] = [];
  stream.on("readable", () => {
    for (let bytes = stream.read(); bytes !== null; bytes = stream.read()) {
      heard.push(bytes);
      const doneMs = performance.now() + costMs;
      while (performance.now() < doneMs);
    }
  });
  return { stream, heard };
}

test("who says much is heard in portions, and all of it in order, the end last", async () => {
  const { stream, heard } = openReader();
  const said = Buffer.from(Array.from({ length: 50_000 }, (_, place) => place % 251));
  stream.end(said);
  await once(stream, "end");
  expect(Math.max(...heard.map(({ length }) => length))).toBeLessThanOrEqual(2048);
  expect(Buffer.concat(heard).equals(said)).toBe(true);
});

test("who says little has a turn before who says much is heard out", async () => {
  const loud = openReader();
  const quiet = openReader();
  loud.stream.write(Buffer.alloc(100_000));
  await turnOfTheLoop();
  quiet.stream.write(Buffer.alloc(100));
  await once(quiet.stream, "readable");
  expect(quiet.heard).toHaveLength(1);
  expect(loud.heard.length).toBeGreaterThan(0);
  expect(Buffer.concat(loud.heard).length).toBeLessThan(100_000);
});

test("many who say dear things share the time of a turn, and all of them are heard out", async () => {
  const budget = new TurnBudget();
  const readers = Array.from({ length: 40 }, () => openReader({ budget, costMs: 1 }));
  const heardBytes = () => readers.map(({ heard }) => Buffer.concat(heard).length);
  for (const { stream } of readers) stream.write(Buffer.alloc(6000));
  await turnOfTheLoop();
  expect(heardBytes().filter((bytes) => bytes > 0).length).toBeLessThan(20);
  while (heardBytes().some((bytes) => bytes < 6000)) await turnOfTheLoop();
  expect(heardBytes()).toEqual(readers.map(() => 6000));
});

test("what is destroyed is not read any more", async () => {
  const { stream, heard } = openReader();
  stream.write(Buffer.alloc(20_000));
  await once(stream, "readable");
  stream.destroy();
  const before = heard.length;
  await turnOfTheLoop();
  await turnOfTheLoop();
  expect(heard).toHaveLength(before);
});
