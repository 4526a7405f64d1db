import { expect, test } from "vitest";
import { allowances } from "../schema/tuning.ts";
import { openCalendar } from "./calendar.ts";
import { growFactoryModels } from "./factory.ts";
import { lineOf, logTarget, strainAt } from "./lines.ts";
import { type Manner, usualManner } from "./manner.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreAs, scoreReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";

const second = 1_000_000;
const model = growFactoryModels().get("temperature");

/** A room every five minutes with a fault of growing size in every hundredth reading. */
function room(count: number): number[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, place) => {
    const fault = place % 100 === 99 ? (1 + 4 * random()) * (place % 200 === 99 ? 1 : -1) : 0;
    return Math.round((22 + 0.15 * normalNumber(random) + fault) * 100) / 100;
  });
}

function flagged(manner: Manner, values: readonly number[]): { places: number[]; state: SeriesState } {
  const state = newSeries("temperature");
  const places = values.flatMap((value, place) => {
    const timestampUs = (place + 1) * 300 * second;
    const reading = { deviceId: "d1", sensorType: "temperature", timestampUs, value };
    return scoreAs(manner, { reading, state, model }).isAnomaly ? [place] : [];
  });
  return { places, state };
}

const manners = allowances.map((allowance) => ({ ...usualManner, line: lineOf({ allowance }) }));

test("the usual line stands at 1 exactly, and the lines rise as fewer false alarms are allowed", () => {
  for (const intervalUs of [0, second, 60 * second, 3600 * second]) {
    const lines = allowances.map((_, line) => strainAt(line, logTarget(intervalUs)));
    expect(lines[lineOf({ allowance: 1 })]).toBe(1);
    expect(lines[0]).toBeGreaterThan(0.5);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(new Set(lines).size).toBe(allowances.length);
  }
});

test("the fewer false alarms are allowed, the fewer readings are anomalies", () => {
  const values = room(4000);
  const counts = manners.map((manner) => flagged(manner, values).places.length);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(counts[0]).toBeGreaterThan(counts.at(-1) ?? 0);
  const state = newSeries("temperature");
  const plain = values.flatMap((value, place) => {
    const timestampUs = (place + 1) * 300 * second;
    const reading = { deviceId: "d1", sensorType: "temperature", timestampUs, value };
    return scoreReading(reading, state, model).isAnomaly ? [place] : [];
  });
  expect(flagged(usualManner, values).places).toEqual(plain);
});

test("whatever the tuning, a series learns the same to the last bit", () => {
  const values = [...room(1500), ...Array.from({ length: 200 }, () => 30)];
  const silent = manners.map((manner) => ({ ...manner, tellsStuck: false }));
  const states = [...manners, ...silent].map((manner) => flagged(manner, values).state);
  for (const state of states) expect(state).toEqual(states[0]);
});

test("a quiet line tells an episode once too, though it began below it", () => {
  const quiet = manners.at(-1) ?? usualManner;
  const calm = room(99);
  const creeping = [...calm, ...calm, ...calm, ...calm, 22.9, 23.1, 23.4, 24, 26, 30, 30.2, 30, 29.9, 30.1];
  const usual = flagged(usualManner, creeping).places;
  const late = flagged(quiet, creeping).places;
  expect(late.length).toBeGreaterThanOrEqual(1);
  expect(late.length).toBeLessThanOrEqual(2);
  expect(late[0]).toBeGreaterThan(usual[0] ?? 0);
});

test("a drift of a hundred readings is told by a quiet line when it has gone so far, by a loud one earlier, by each a few times", () => {
  const random = seededRandom(5);
  const drifting = Array.from({ length: 700 }, (_, place) => {
    const gone = Math.max(place - 600, 0) * 0.012;
    return Math.round((22 + 0.15 * normalNumber(random) + gone) * 100) / 100;
  });
  const told = ([10, 1, 0.01] as const).map((allowance) =>
    flagged({ ...usualManner, line: lineOf({ allowance }) }, drifting).places.filter((place) => place > 600),
  );
  const [loud, usual, quiet] = told.map(([first = Number.NaN]) => first);
  expect(loud).toBeLessThanOrEqual(usual ?? 0);
  expect(usual).toBeLessThan(quiet ?? 0);
  for (const places of told) expect(places.length).toBeLessThanOrEqual(6);
});

test("what is stuck can be left unsaid, and what is impossible cannot", () => {
  const values = [...room(99), ...room(99), ...room(99), ...Array.from({ length: 80 }, () => 22), -300];
  const stuck = flagged(usualManner, values).places;
  const unsaid = flagged({ ...usualManner, tellsStuck: false }, values).places;
  expect(stuck.length).toBe(unsaid.length + 1);
  const quietest = flagged({ ...usualManner, line: allowances.length - 1, tellsStuck: false }, values).places;
  expect(quietest).toEqual([values.length - 1]);
});

test("a moment is said in words, by the clocks of a place", () => {
  const sundayNoonUs = Date.UTC(2026, 10, 29, 12, 30) * 1000;
  expect(openCalendar("UTC")(sundayNoonUs)).toEqual({
    ofDay: "in the afternoons",
    ofWeek: "on Sunday afternoons",
  });
  expect(openCalendar("Asia/Tokyo")(sundayNoonUs)).toEqual({
    ofDay: "in the evenings",
    ofWeek: "on Sunday evenings",
  });
  expect(openCalendar("Pacific/Auckland")(sundayNoonUs)).toEqual({
    ofDay: "at night",
    ofWeek: "in the small hours of Monday",
  });
});
