import { expect, test } from "vitest";
import type { Tuning, TuningSummary } from "../schema/tuning.ts";
import { utcCalendar } from "./calendar.ts";
import { lineOf } from "./lines.ts";
import { TuningBook } from "./tuning-book.ts";

/** A store that counts how often it is read. */
class Shelf {
  reads = 0;
  readonly #kept: TuningSummary[] = [];

  keep(deviceId: string | null, tuning: Tuning): void {
    const id = this.#kept.length + 1;
    this.#kept.push({ id, sensorType: "temperature", deviceId, tuning, by: "operator:ada", atUs: 0 });
  }

  version = () => Promise.resolve(this.#kept.length);
  current = () => {
    this.reads += 1;
    return Promise.resolve(this.#kept);
  };
}

const series = (deviceId: string, sensorType = "temperature") => ({ deviceId, sensorType });

test("a series is judged as its device has it, or else its type, or else as usual", async () => {
  const shelf = new Shelf();
  const book = new TuningBook(shelf, utcCalendar);
  await book.refresh();
  const usual = { line: lineOf({ allowance: 1 }), tellsStuck: true };
  expect(book.mannerFor(series("a"))).toMatchObject(usual);
  shelf.keep(null, { allowance: 0.1, mutes: [] });
  shelf.keep("a", { allowance: 10, mutes: ["stuck"] });
  await book.refresh();
  expect(book.mannerFor(series("a"))).toMatchObject({ line: lineOf({ allowance: 10 }), tellsStuck: false });
  expect(book.mannerFor(series("b"))).toMatchObject({ line: lineOf({ allowance: 0.1 }), tellsStuck: true });
  expect(book.mannerFor(series("a", "humidity"))).toMatchObject(usual);
});

test("what has not changed is not read again", async () => {
  const shelf = new Shelf();
  const book = new TuningBook(shelf, utcCalendar);
  for (let turn = 0; turn < 3; turn += 1) await book.refresh();
  expect(shelf.reads).toBe(0);
  shelf.keep("a", { allowance: 0.01, mutes: [] });
  for (let turn = 0; turn < 3; turn += 1) await book.refresh();
  expect(shelf.reads).toBe(1);
});
