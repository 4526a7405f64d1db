import { expect, test } from "vitest";
import type { AlarmSummary } from "../../../schema/alarm.ts";
import { AlarmBook } from "./alarm-book.ts";

function alarm(id: number, over: Partial<AlarmSummary> = {}): AlarmSummary {
  return {
    ...{ id, deviceId: "a", sensorType: "temperature", rule: "anomaly", state: "raised", version: 1 },
    ...{ raisedUs: 0, lastUs: 0, clearedUs: null, anomalies: 1 },
    ...{ severity: "major", group: null, members: 0 },
    peak: { score: 0.8, value: 40, sentence: "", expected: null, shares: {} },
    ...{ acknowledgedBy: null, assignee: null, shelvedUntilUs: null, judgement: null },
    ...over,
  };
}

const idsIn = (book: AlarmBook, nowMs = 0) => book.open(nowMs).map(({ id }) => id);

test("the newest version counts, and what is said again changes nothing", () => {
  const book = new AlarmBook();
  expect(book.take(alarm(1))).toBe(true);
  expect(book.take(alarm(2))).toBe(true);
  expect(book.take(alarm(1, { version: 2, state: "cleared" }))).toBe(true);
  expect(book.take(alarm(1))).toBe(false);
  expect(idsIn(book)).toEqual([2]);
});

test("a list brings what was missed, drops what is over and keeps what came while it was fetched", () => {
  const book = new AlarmBook();
  book.take(alarm(1));
  book.take(alarm(2));
  const mark = book.mark();
  book.take(alarm(4));
  book.take(alarm(2, { version: 2, state: "acknowledged" }));
  book.replace([alarm(3), alarm(2)], mark);
  expect(book.open(0).map(({ id, state }) => `${id} ${state}`)).toEqual([
    ...["4 raised", "3 raised", "2 acknowledged"],
  ]);
});

test("what belongs to a storm is shown by it alone", () => {
  const book = new AlarmBook();
  book.take(alarm(1));
  book.take(alarm(2, { deviceId: "", members: 12 }));
  book.take(alarm(1, { version: 2, state: "acknowledged", group: 2 }));
  expect(idsIn(book)).toEqual([2]);
});

test("a list of the same version knows of further anomalies", () => {
  const book = new AlarmBook();
  book.take(alarm(1));
  book.replace([alarm(1, { anomalies: 7 })], book.mark());
  expect(book.open(0)[0]?.anomalies).toBe(7);
});

test("a shelved alarm comes back when its time is over", () => {
  const book = new AlarmBook();
  book.take(alarm(1, { shelvedUntilUs: 5_000_000 }));
  expect(idsIn(book, 4999)).toEqual([]);
  expect(idsIn(book, 5000)).toEqual([1]);
});

const unseenIn = (book: AlarmBook) => book.unseen().map(({ id }) => id);
const over = { version: 2, state: "cleared", clearedUs: 9 } as const;

test("what clears unacknowledged goes from the open ones to the unseen, until somebody acknowledges it", () => {
  const book = new AlarmBook();
  for (const id of [1, 2, 3]) book.take(alarm(id));
  book.take(alarm(1, over));
  book.take(alarm(2, { ...over, acknowledgedBy: "operator:ada" }));
  book.take(alarm(3, over));
  expect([idsIn(book), unseenIn(book)]).toEqual([[], [3, 1]]);
  book.take(alarm(3, { ...over, version: 3, acknowledgedBy: "operator:ada" }));
  expect(unseenIn(book)).toEqual([1]);
});

test("of an alarm that cleared between two lists the newer one counts, and a storm stands for what is over in it", () => {
  const book = new AlarmBook();
  book.replace([alarm(1), alarm(2, { ...over, group: 3 }), alarm(1, over)], book.mark());
  expect([idsIn(book), unseenIn(book)]).toEqual([[], [1]]);
  book.replace([], book.mark());
  expect(unseenIn(book)).toEqual([]);
});

test("the worst stand first, and of equals the youngest", () => {
  const book = new AlarmBook();
  for (const [at, severity] of (["critical", "major", "minor", "critical", "minor"] as const).entries())
    book.take(alarm(at + 1, { severity }));
  expect(idsIn(book)).toEqual([4, 1, 2, 5, 3]);
});
