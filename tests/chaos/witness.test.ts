import { expect, test } from "vitest";
import { Book } from "./book.ts";
import { compareAnnounced, compareStored } from "./witness.ts";

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
