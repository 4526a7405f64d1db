import { expect, test } from "vitest";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";

const hourUs = 3_600_000_000;
const dayUs = 24 * hourUs;
const stepUs = 20_000_000;
const mondayUs = Date.UTC(2026, 5, 1) * 1000;

/** The hours of the anomalies of the sixth day of a machine that runs from six to ten, but for what `wrong` says of that day. */
function toldOn(wrong: (hour: number, usual: number) => number): readonly number[] {
  const random = seededRandom(3);
  const state = newSeries("current");
  const told: number[] = [];
  for (let atUs = 0; atUs < 6 * dayUs; atUs += stepUs) {
    const hour = (atUs % dayUs) / hourUs;
    const isOn = hour >= 6 && hour < 22;
    const ideal = atUs < 5 * dayUs ? (isOn ? 12 : 0.2) : wrong(hour, isOn ? 12 : 0.2);
    const value = ideal + (ideal > 1 ? 0.3 : 0.02) * normalNumber(random);
    const reading = { deviceId: "d1", sensorType: "current", timestampUs: mondayUs + atUs, value };
    if (scoreReading(reading, state, undefined).isAnomaly && atUs >= 5 * dayUs) told.push(Math.floor(hour));
  }
  return told;
}

test("a machine that starts and stops at its hours is not told every day", () => {
  expect(toldOn((_, usual) => usual)).toEqual([]);
});

test("one that starts at night, does not start, does not stop, or takes too much while it starts is told", () => {
  expect(toldOn((hour, usual) => (hour >= 3 && hour < 4 ? 12 : usual))).toContain(3);
  expect(toldOn((hour, usual) => (hour >= 6 ? 0.2 : usual))).toContain(6);
  expect(toldOn((hour, usual) => (hour >= 22 ? 12 : usual))).toContain(22);
  expect(toldOn((hour, usual) => (hour >= 6.05 && hour < 6.06 ? 30 : usual))).toContain(6);
});

test("where the day only rises and falls, a spike in the morning is told after any number of days", () => {
  const random = seededRandom(3);
  const state = newSeries("temperature");
  const told: number[] = [];
  for (let atUs = 0; atUs <= 7.25 * dayUs; atUs += 3 * stepUs) {
    const spike = atUs === 7.25 * dayUs ? 0.6 : 0;
    const value = 20 - 8 * Math.cos((2 * Math.PI * atUs) / dayUs) + 0.05 * normalNumber(random) + spike;
    const reading = { deviceId: "d1", sensorType: "temperature", timestampUs: mondayUs + atUs, value };
    if (scoreReading(reading, state, undefined).isAnomaly && atUs > 5 * dayUs) told.push(atUs / dayUs);
  }
  expect(told).toContain(7.25);
});
