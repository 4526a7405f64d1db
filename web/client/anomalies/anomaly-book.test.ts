import { expect, test } from "vitest";
import type { AnomalyEvent } from "../../../schema/event.ts";
import { AnomalyBook } from "./anomaly-book.ts";

const second = 1_000_000;

function anomaly(
  deviceId: string,
  atSeconds: number,
  severity: AnomalyEvent["severity"] = "major",
): AnomalyEvent {
  return {
    kind: "anomaly",
    deviceId,
    sensorType: "temperature",
    timestampUs: atSeconds * second,
    value: 40,
    score: 0.8,
    confidence: 1,
    modelVersion: "1",
    severity,
    sentence: "",
    expected: null,
    ...{ shares: {}, sensors: ["temperature"], learning: null },
  };
}

test("an episode begins once and keeps its id while it goes on", () => {
  const book = new AnomalyBook(() => second);
  const [begun] = book.add([anomaly("a", 100)]).begun;
  expect(book.add([anomaly("a", 101), anomaly("a", 99)]).begun).toEqual([]);
  expect(book.add([anomaly("a", 101)])).toEqual({ fresh: [], begun: [] });
  expect(book.newestEpisodes(9).map(({ id, readings }) => [id, readings.length])).toEqual([[begun?.id, 3]]);
  expect(book.add([anomaly("a", 300)]).begun).toHaveLength(1);
});

test("episodes are listed by their beginning, so that one that goes on does not move", () => {
  const book = new AnomalyBook(() => second);
  book.add([anomaly("a", 0), anomaly("b", 10), anomaly("a", 20)]);
  expect(book.newestEpisodes(9).map(({ deviceId }) => deviceId)).toEqual(["b", "a"]);
  expect(book.newestEpisodes(1).map(({ deviceId }) => deviceId)).toEqual(["a"]);
});

test("counts tell episodes, the readings in them and the worst severity, of one device and of all", () => {
  const book = new AnomalyBook(() => second);
  book.add([
    anomaly("a", 0),
    anomaly("a", 50),
    anomaly("a", 55),
    anomaly("b", 500, "critical"),
    anomaly("c", 10),
  ]);
  expect(book.countSince(50 * second)).toEqual({ episodes: 2, readings: 3, severity: "critical" });
  expect(book.countSince(0, "a")).toEqual({ episodes: 1, readings: 3, severity: "major" });
  expect(book.countSince(0, "unknown")).toEqual({ episodes: 0, readings: 0, severity: "none" });
});

test("episodes of a slow device join once its cadence is known, and stay joined when it is not watched", () => {
  let cadenceUs: number | undefined;
  const book = new AnomalyBook(() => cadenceUs);
  book.add([anomaly("a", 0), anomaly("a", 120)]);
  expect(book.newestEpisodes(9)).toHaveLength(2);
  cadenceUs = 30 * second;
  book.regroup(["a", "unknown"]);
  expect(book.newestEpisodes(9)).toHaveLength(1);
  cadenceUs = undefined;
  book.add([anomaly("a", 240)]);
  expect(book.newestEpisodes(9)).toHaveLength(1);
});

test("a fault longer than the book stays one episode that began once", () => {
  const book = new AnomalyBook(() => second);
  const begun = Array.from({ length: 2500 }, (_, at) => book.add([anomaly("a", at)]).begun).flat();
  expect(begun).toHaveLength(1);
  expect(book.newestEpisodes(9).map(({ id }) => id)).toEqual(begun.map(({ id }) => id));
  expect(book.countSince(0)).toEqual({ episodes: 1, readings: 2000, severity: "major" });
});
