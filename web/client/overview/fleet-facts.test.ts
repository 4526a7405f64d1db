import { expect, test } from "vitest";
import type { OverviewAnswer } from "../../../schema/device-page.ts";
import { facts, nameOf } from "./fleet-facts.ts";

const fleet = (series: number, isAtLeast: boolean): OverviewAnswer => ({
  devices: { online: 1234, stale: 1, offline: 0, "never-seen": 0 },
  alarms: { critical: 1, major: 2, minor: 0 },
  raised: { tenMinutes: 0, hour: 0 },
  readingsPerSecond: null,
  learning: { series, isAtLeast },
});

const told = (answer: OverviewAnswer): readonly string[] =>
  facts.map((fact) => `${fact.of(answer)} ${nameOf(fact, fact.of(answer))}`);

test("what is learning is sensors, beside numbers of devices, and one is one", () => {
  expect(told(fleet(3, false))).toContain("3 sensors learning");
  expect(told(fleet(1, false))).toContain("1 sensor learning");
  expect(told(fleet(1, true))).toContain("1+ sensors learning");
});

test("the other numbers are of devices, readings and alarms", () => {
  expect(told(fleet(0, false))).toEqual([
    "1,234 online",
    "1 stale",
    "0 offline",
    "0 sensors learning",
    "– readings/s",
    "1 critical alarm",
    "2 major alarms",
    "0 minor alarms",
  ]);
});
