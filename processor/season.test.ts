import { expect, test } from "vitest";
import {
  dayBinOf,
  dayBins,
  expectedOfDay,
  expectedOfWeek,
  learnSeason,
  readingsPerVisit,
  weekBinOf,
  weekBins,
} from "./season.ts";

const at = (text: string) => Date.parse(text) * 1000;

test("a quarter of an hour is one bin of the day, an hour one of the week, from Monday at midnight", () => {
  expect(dayBinOf(at("2026-11-28T00:14:59Z"))).toBe(0);
  expect(dayBinOf(at("2026-11-28T23:45:00Z"))).toBe(dayBins - 1);
  for (let bin = 0; bin < dayBins; bin++) expect(dayBinOf(at("2026-11-28") + bin * 900e6)).toBe(bin);
  for (let bin = 0; bin < weekBins; bin++) expect(weekBinOf(at("2026-11-23") + bin * 3600e6)).toBe(bin);
  expect(weekBinOf(at("2026-11-23T00:30:00Z"))).toBe(0);
  expect(weekBinOf(at("2026-11-29T23:59:59Z"))).toBe(weekBins - 1);
  expect(dayBinOf(at("1969-12-31T23:59:59Z"))).toBe(dayBins - 1);
});

test("a bin expects what it met, and follows a change within some visits", () => {
  const day = new Float32Array(2 * dayBins);
  expect(expectedOfDay(day, 5)).toBeNaN();
  const perVisit = readingsPerVisit(dayBins, 300e6);
  expect(perVisit).toBe(3);
  const visit = (value: number) => {
    for (let i = 0; i < perVisit; i++) learnSeason(day, 5, { value, reach: 100, perVisit });
  };
  for (let i = 0; i < 30; i++) visit(20);
  expect(expectedOfDay(day, 5)).toBe(20);
  for (let i = 0; i < 16; i++) visit(30);
  expect(expectedOfDay(day, 5)).toBeGreaterThan(28);
});

test("one absurd value moves a bin no further than its reach", () => {
  const day = new Float32Array(2 * dayBins);
  learnSeason(day, 0, { value: 20, reach: 2, perVisit: 1 });
  learnSeason(day, 0, { value: 1e9, reach: 2, perVisit: 1 });
  expect(expectedOfDay(day, 0)).toBeLessThanOrEqual(22);
});

test("an hour of the week borrows from the time of day until it has met readings of its own", () => {
  const week = new Float32Array(2 * weekBins);
  const borrowed = { mean: 20, weight: 12 };
  expect(expectedOfWeek(week, 7, borrowed)).toBe(20);
  for (let i = 0; i < 12; i++) learnSeason(week, 7, { value: 30, reach: 100, perVisit: 12 });
  expect(expectedOfWeek(week, 7, borrowed)).toBe(25);
  expect(expectedOfWeek(week, 7, { mean: Number.NaN, weight: 12 })).toBe(30);
});
