import { expect, test } from "vitest";
import { Book } from "./book.ts";
import { compareAnnounced, compareStored, compareWills } from "./witness.ts";

function bookOf(keys: readonly string[]): Book {
  const book = new Book();
  book.send([...keys, "unanswered"]);
  book.acknowledge(keys);
  return book;
}

test("readings stored once are in order, with or without an acknowledgement", () => {
  const verdict = compareStored(bookOf(["a", "b"]), ["a", "b", "unanswered"], []);
  expect(verdict).toEqual({ missing: [], lostWithRedis: [], lossMs: 0, doubled: [], invented: [] });
});

test("names what is missing, what is there twice and what nobody sent", () => {
  const verdict = compareStored(bookOf(["a", "b"]), ["a", "a", "x"], []);
  expect(verdict).toEqual({ missing: ["b"], lostWithRedis: [], lossMs: 0, doubled: ["a"], invented: ["x"] });
});

test("only a Redis killed around the acknowledgement explains a loss", () => {
  const book = bookOf(["a"]);
  const now = performance.now();
  expect(compareStored(book, [], [now + 1000]).lostWithRedis).toEqual(["a"]);
  expect(compareStored(book, [], [now + 10_000, now - 10_000]).missing).toEqual(["a"]);
});

test("names anomalies announced twice, by mistake and never", () => {
  const stream = [
    { id: "1-0", key: "a" },
    { id: "2-0", key: "a" },
    { id: "3-0", key: "x" },
  ];
  const verdict = compareAnnounced({ anomalies: ["a", "b"], stream, heard: stream });
  expect(verdict).toEqual({ twice: ["a"], invented: ["x"], never: ["b"], lostWithRedis: [] });
});

test("an anomaly heard before Redis lost it was announced, and may be announced again", () => {
  const heard = [
    { id: "1-0", key: "a" },
    { id: "2-0", key: "b" },
  ];
  const verdict = compareAnnounced({ anomalies: ["a", "b"], stream: [{ id: "3-0", key: "a" }], heard });
  expect(verdict).toEqual({ twice: [], invented: [], never: [], lostWithRedis: ["a", "b"] });
});

const lives = [
  { name: "a", broker: "broker-0", fromMs: 0, untilMs: 10_010 },
  { name: "b", broker: "broker-0", fromMs: 0, untilMs: 10_010 },
  { name: "c", broker: "broker-1", fromMs: 0, untilMs: undefined },
];
const kill = { action: "kill", target: "broker-0", fromMs: 10_000, untilMs: 12_000 } as const;
const will = (name: string, atMs: number, subscriber = "s") => ({ name, subscriber, atMs });

test("wills of a killed broker that come in time, once for each subscriber, are in order", () => {
  const heard = [will("a", 13_000), will("a", 13_000, "t"), will("b", 13_500)];
  const verdict = compareWills({ lives, heard, faults: [kill] });
  expect(verdict).toEqual({ judged: 2, late: [], twice: [], invented: [], slowestMs: 3500 });
});

test("names wills that come late, never, twice or of the living", () => {
  const heard = [will("a", 15_500), will("a", 15_600), will("c", 13_000), will("x", 13_000)];
  const verdict = compareWills({ lives, heard, faults: [kill] });
  expect(verdict).toMatchObject({ judged: 2, late: ["a", "b"], twice: ["a"], invented: ["c", "x"] });
});

test("a killed broker is not judged while Redis or the other broker is away", () => {
  const freeze = { action: "freeze", target: "redis", fromMs: 13_000, untilMs: 16_000 } as const;
  expect(compareWills({ lives, heard: [], faults: [kill, freeze] })).toMatchObject({ judged: 0, late: [] });
});
